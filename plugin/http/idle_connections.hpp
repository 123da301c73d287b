// Connections that wait for their next request.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "http/clock.hpp"
#include "http/connection.hpp"

namespace databricks_token {

/// Of all clients of the process, so that their number is bounded whatever the number of clients.
/// What is over its time is closed by whoever comes next, of any client. Thread-safe.
class IdleConnections {
 public:
  static constexpr std::size_t kMaxPerOwner = 4;
  static constexpr std::size_t kMax = 256;

  explicit IdleConnections(Clock clock) : clock_(std::move(clock)) {}

  /// For at most `time`; the oldest go when there are too many.
  void put(const void* owner, std::unique_ptr<Connection> connection,
           std::chrono::milliseconds time);

  /// The owner's youngest that is not over its time, or nothing.
  std::unique_ptr<Connection> take(const void* owner);

  /// Closes all of the owner's.
  void drop(const void* owner);

 private:
  struct Idle {
    const void* owner;
    std::unique_ptr<Connection> connection;
    std::chrono::nanoseconds until;
  };

  /// Moves out what `matches`. The caller closes it outside the lock: that writes.
  std::vector<Idle> extract(const std::function<bool(const Idle&)>& matches);
  /// Moves out what is over its time.
  std::vector<Idle> extract_ended(std::chrono::nanoseconds now);

  const Clock clock_;
  std::mutex mutex_;        // guards what follows
  std::vector<Idle> idle_;  // the youngest last
  /// None of them is over its time before.
  std::chrono::nanoseconds first_end_ = std::chrono::nanoseconds::max();
};

}  // namespace databricks_token
