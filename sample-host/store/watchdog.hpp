// Cuts a connection whose server neither answers nor goes away.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

namespace sample_host {

/// libpq waits for an answer for ever, and what a server promises about its own time it does not
/// keep when it is stopped, or while it commits and waits for a disk or a replica.
class Watchdog {
 public:
  explicit Watchdog(std::chrono::milliseconds patience);
  ~Watchdog();
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  /// From now on `socket` is shut down if release() does not come in time: whoever waits for it
  /// learns that the connection is lost. Replaces what was watched before.
  void watch(int socket);
  void release();

 private:
  using Clock = std::chrono::steady_clock;

  void run();
  void exchange(int socket, std::optional<Clock::time_point> deadline);

  const std::chrono::milliseconds patience_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int socket_ = -1;  // a duplicate: the number of the other may be given to something else
  std::optional<Clock::time_point> deadline_;
  bool ends_ = false;
  std::thread thread_;
};

}  // namespace sample_host
