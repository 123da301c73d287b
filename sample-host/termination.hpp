// SIGINT and SIGTERM as a stop token.
#pragma once

#include <atomic>
#include <stop_token>
#include <thread>

namespace sample_host {

/// Blocks SIGINT and SIGTERM in the calling thread, and so in each thread that it starts from now
/// on, and waits for them in a thread of its own. The first one requests the stop, another one ends
/// the process.
class Termination {
 public:
  Termination();
  ~Termination();
  Termination(const Termination&) = delete;
  Termination& operator=(const Termination&) = delete;

  std::stop_token token() const { return source_.get_token(); }

 private:
  void wait();

  std::stop_source source_;
  std::atomic<bool> ended_ = false;
  std::thread waiter_;
};

}  // namespace sample_host
