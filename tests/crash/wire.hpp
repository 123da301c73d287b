// The workspace's side of a trial: counts requests and lets something happen to one of them.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "workspace/server.hpp"

namespace crash {

using local_workspace::Answer;
using local_workspace::Around;
using local_workspace::Request;
using Serve = local_workspace::Router::Handler;

/// Requests whose query has this in it come from the test itself, and are neither counted nor
/// harmed.
inline constexpr const char* kReader = "reader";

/// Stands around each request of a workspace. [thread-safe]
class Wire {
 public:
  std::optional<Answer> operator()(const Request& request, const Serve& serve);

  /// Counts from 0 again. `harm` stands around the request of number `at`, once.
  void arm(std::size_t at, Around harm);
  void disarm() { arm(0, nullptr); }
  /// "POST /api/2.0/...", since it was armed.
  std::vector<std::string> requests() const;

  void wait_until_idle() const;

  /// What it knows of the workspace's tokens; part of the world's state.
  struct Memory {
    bool refuses_next = false;  // the next token that is made will be somebody else's
    std::string refused{};      // the id of the one that is
    std::string made{};         // the id of the last one that was made
    bool unlooked = false;      // it may be that nobody knows that one
  };
  Memory memory() const;
  void remember(Memory memory);

  /// Requests for a token that came before the one before it was looked for or has answered for
  /// itself; since the last time that this was asked.
  int take_blind_mints();

 private:
  Answer serve_noting(const Request& request, const Serve& serve);

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable idle_;
  int under_way_ = 0;
  std::vector<std::string> requests_;
  std::size_t at_ = 0;
  Around harm_;
  Memory memory_;
  int blind_mints_ = 0;
};

}  // namespace crash
