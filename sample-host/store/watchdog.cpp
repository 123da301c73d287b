#include "store/watchdog.hpp"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <utility>

namespace sample_host {

Watchdog::Watchdog(std::chrono::milliseconds patience)
    : patience_(patience), thread_([this] { run(); }) {}

Watchdog::~Watchdog() {
  {
    const std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_one();
  thread_.join();
  release();
}

void Watchdog::watch(int socket) {
  exchange(::fcntl(socket, F_DUPFD_CLOEXEC, 0), Clock::now() + patience_);
}

void Watchdog::release() { exchange(-1, {}); }

void Watchdog::exchange(int socket, std::optional<Clock::time_point> deadline) {
  {
    const std::lock_guard lock(mutex_);
    std::swap(socket_, socket);
    deadline_ = deadline;
  }
  changed_.notify_one();
  if (socket >= 0) ::close(socket);
}

void Watchdog::run() {
  std::unique_lock lock(mutex_);
  while (!ends_) {
    if (!deadline_) {
      changed_.wait(lock);
    } else if (Clock::now() < *deadline_) {
      const Clock::time_point until = *deadline_;  // it may be exchanged meanwhile
      changed_.wait_until(lock, until);
    } else {
      ::shutdown(socket_, SHUT_RDWR);
      deadline_.reset();
    }
  }
}

}  // namespace sample_host
