// Waiting within a call.
#pragma once

#include <hub/connector.hpp>

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace databricks_token {

/// Waits, but not beyond the call's cancellation.
inline void pause(hub::Call call, std::chrono::milliseconds duration) {
  std::mutex mutex;
  std::condition_variable woken;
  bool cancelled = false;
  hub::OnCancel on_cancel(call, [&] {
    const std::lock_guard lock(mutex);
    cancelled = true;
    woken.notify_all();
  });
  std::unique_lock lock(mutex);
  woken.wait_for(lock, duration, [&] { return cancelled; });
}

}  // namespace databricks_token
