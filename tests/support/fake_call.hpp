// A hub_call for tests of a connector's parts that need no host and no secrets.
#pragma once

#include <hub/connector.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

namespace test_support {

/// A call with a deadline on the real clock. It grants the secrets that it was given; the functions
/// of slots answer UNIMPLEMENTED. It must outlive what uses call().
class FakeCall {
 public:
  explicit FakeCall(std::chrono::milliseconds deadline = std::chrono::seconds(30));
  FakeCall(const FakeCall&) = delete;
  FakeCall& operator=(const FakeCall&) = delete;

  hub::Call call() const { return hub::Call(&raw_); }
  /// Any thread; runs what on_cancel registered before it returns.
  void cancel() { cancelled_.request_stop(); }

  /// For secret_get; other names are refused.
  void grant(std::string name, std::string value);
  /// How often a secret was handed out.
  std::size_t handed_out() const;

  /// What the connector's part said, in order.
  std::vector<hub::Error> failures() const;
  std::vector<std::string> log_lines() const;

 private:
  using Registered = std::stop_callback<std::function<void()>>;

  static FakeCall& self(const hub_call* call);

  hub_call raw_{};
  const std::chrono::steady_clock::time_point deadline_;
  std::stop_source cancelled_;
  mutable std::mutex mutex_;  // guards what follows
  std::map<std::uint64_t, std::unique_ptr<Registered>> registered_;
  std::uint64_t next_id_ = 1;
  std::map<std::string, std::string> secrets_;
  std::size_t handed_out_ = 0;
  std::vector<hub::Error> failures_;
  std::vector<std::string> log_lines_;
};

}  // namespace test_support
