// Writing to a closed connection raises SIGPIPE, and c-ares writes to name servers over TCP without
// MSG_NOSIGNAL.
#pragma once

#include <pthread.h>

#include <csignal>
#include <ctime>

namespace databricks_token {

/// While it lives a SIGPIPE of this thread has no effect; afterwards the thread's mask and what was
/// pending are as they were. Poco's own remedy covers only the thread that loaded it, and a signal
/// handler would be the host's to set.
class SigpipeGuard {
 public:
  SigpipeGuard() {
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeGuard() {
    const timespec at_once{};
    if (!was_pending_) sigtimedwait(&pipe_, nullptr, &at_once);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeGuard(const SigpipeGuard&) = delete;
  SigpipeGuard& operator=(const SigpipeGuard&) = delete;

 private:
  sigset_t pipe_;
  sigset_t before_;
  bool was_pending_;
};

}  // namespace databricks_token
