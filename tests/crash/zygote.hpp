// Processes that run one operation each, and can be killed anywhere.
#pragma once

#include <sys/types.h>

#include <condition_variable>
#include <functional>
#include <mutex>

#include "crash/scripted_host.hpp"

namespace crash {

/// A machine that runs one process after another. They are forked from one that has loaded the
/// plugin already, so that each costs milliseconds; none outlives this process.
class Machine {
 public:
  /// Forks; the process has no other thread yet.
  explicit Machine(const Clock& clock);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// A process carries out the order. `when_stopped` is called when Harm::Kind::kStop has stopped
  /// it, and it goes on afterwards. Throws std::runtime_error when it neither ends nor is killed.
  Outcome run(const Order& order, const std::function<void()>& when_stopped = {});

  /// SIGKILL for the process that runs; it is dead on return. Any thread, during run().
  void kill();

 private:
  pid_t zygote_ = 0;
  int socket_ = -1;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  pid_t running_ = 0;  // 0: none
};

}  // namespace crash
