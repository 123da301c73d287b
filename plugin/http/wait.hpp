// Waiting for a descriptor within a call.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <span>
#include <string>

#include "http/settings.hpp"

namespace databricks_token {

/// Completes "while ..": "sending to https://host:port". In words only for an error.
struct Doing {
  const char* what;
  const Origin* where = nullptr;  // borrowed; stands behind it

  std::string text() const { return std::string(what) + (where != nullptr ? where->text() : ""); }
};

/// The error of a call that must end, or nothing.
inline std::optional<hub::Error> call_ended(hub::Call call, const Doing& doing) {
  if (call.cancelled()) {
    return hub::Error{.status = hub::Status::kCancelled,
                      .retry = hub::Retry::kSameCall,
                      .reason = "CANCELLED",
                      .message = "cancelled while " + doing.text()};
  }
  if (call.remaining() <= std::chrono::nanoseconds::zero()) {
    return hub::Error{.status = hub::Status::kDeadlineExceeded,
                      .retry = hub::Retry::kSameCall,
                      .reason = "DEADLINE_EXCEEDED",
                      .message = "the time for this call ran out while " + doing.text(),
                      .hint = "Allow the call more time, or see why the server is slow."};
  }
  return std::nullopt;
}

/// Wakes whoever waits for `fd` when the call is cancelled. shutdown, not close: the number must
/// not be given to somebody else while it is waited for.
inline auto shut_down_on_cancel(hub::Call call, int fd) {
  const auto shut_down = [fd] { ::shutdown(fd, SHUT_RDWR); };
  return hub::OnCancel<decltype(shut_down)>(call, shut_down);
}

/// Blocks until one of `waited` has its events (true, and they are set), `limit` is over (false) or
/// the call must end. Cancellation must wake one of them.
inline hub::Result<bool> wait_for_any(hub::Call call, std::span<pollfd> waited, const Doing& doing,
                                      std::chrono::nanoseconds limit) {
  const auto until = std::chrono::steady_clock::now() +
                     std::min<std::chrono::nanoseconds>(limit, std::chrono::hours(24));
  for (;;) {
    if (auto ended = call_ended(call, doing)) return *std::move(ended);
    const auto left = std::min<std::chrono::nanoseconds>(call.remaining(),
                                                         until - std::chrono::steady_clock::now());
    if (left <= std::chrono::nanoseconds::zero()) return false;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    if (::ppoll(waited.data(), waited.size(), &time, nullptr) > 0) {
      if (auto ended = call_ended(call, doing)) return *std::move(ended);
      return true;
    }
  }
}

/// The same for one descriptor. The caller holds shut_down_on_cancel.
inline hub::Result<bool> wait_for(hub::Call call, int fd, short events, const Doing& doing,
                                  std::chrono::nanoseconds limit) {
  pollfd waited{.fd = fd, .events = events, .revents = 0};
  return wait_for_any(call, {&waited, 1}, doing, limit);
}

}  // namespace databricks_token
