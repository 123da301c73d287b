// The workspace's clock, by what it said last.
#pragma once

#include <chrono>
#include <functional>
#include <mutex>
#include <optional>

namespace databricks_token {

/// Thread-safe.
class ServerClock {
 public:
  using Milliseconds = std::function<std::chrono::milliseconds()>;

  /// By the machine's clocks.
  ServerClock();
  /// `wall` is the time since 1970, which may jump; `monotonic` does not.
  ServerClock(Milliseconds wall, Milliseconds monotonic);

  /// The workspace's Date, in an answer that has just come.
  void heard(std::chrono::system_clock::time_point date);

  /// The workspace's clock less ours, accurate to a second. Nothing before the first answer, nor
  /// after our clock has jumped: then nobody knows which of the two is right before the next one.
  std::optional<std::chrono::milliseconds> offset() const;

 private:
  struct Heard {
    std::chrono::milliseconds offset;
    std::chrono::milliseconds wall_less_monotonic;
  };

  std::chrono::milliseconds wall_less_monotonic() const { return wall_() - monotonic_(); }

  const Milliseconds wall_;
  const Milliseconds monotonic_;
  mutable std::mutex mutex_;
  std::optional<Heard> heard_;
};

}  // namespace databricks_token
