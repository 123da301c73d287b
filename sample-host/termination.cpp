#include "termination.hpp"

#include <csignal>

namespace sample_host {
namespace {

sigset_t signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Termination::Termination() {
  const sigset_t set = signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  waiter_ = std::thread(&Termination::wait, this);
}

Termination::~Termination() {
  ended_ = true;
  pthread_kill(waiter_.native_handle(), SIGTERM);  // ends the wait
  waiter_.join();
}

void Termination::wait() {
  const sigset_t set = signals();
  int signal = 0;
  sigwait(&set, &signal);
  if (ended_) return;
  source_.request_stop();
  sigwait(&set, &signal);
  if (ended_) return;
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  raise(signal);
}

}  // namespace sample_host
