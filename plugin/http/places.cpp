#include "http/places.hpp"

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>

#include "http/wait.hpp"

namespace databricks_token {

Places::Place::Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}

Places::Place::~Place() {
  if (places_ != nullptr) places_->give_back();
}

void Places::give_back() {
  const std::lock_guard lock(mutex_);
  if (waiting_.empty()) {
    ++free_;
    return;
  }
  Waiter& next = *waiting_.front();
  waiting_.pop_front();
  next.has_place = true;
  next.woken.notify_one();  // under the lock: the waiter goes as soon as it sees its place
}

std::size_t Places::waiting() const {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

hub::Result<Places::Place> Places::take(hub::Call call, const Doing& doing) {
  const auto take_free = [this]() -> std::optional<Place> {
    if (free_ == 0) return std::nullopt;
    --free_;
    return Place(this);
  };
  if (const std::lock_guard lock(mutex_); auto place = take_free()) return *std::move(place);

  Waiter self;
  // Outlives the lock below, since it ends only when the callback does, which takes that lock.
  const auto wake = [&] {
    const std::lock_guard lock(mutex_);
    self.woken.notify_one();
  };
  const hub::OnCancel<decltype(wake)> on_cancel(call, wake);

  std::unique_lock lock(mutex_);
  if (auto place = take_free()) return *std::move(place);
  waiting_.push_back(&self);
  while (!self.has_place) {
    if (auto ended = call_ended(call, doing)) {
      waiting_.remove(&self);
      return *std::move(ended);
    }
    // Bounded, for a deadline may be far beyond what the clock can say.
    self.woken.wait_for(
        lock, std::min<std::chrono::nanoseconds>(call.remaining(), std::chrono::hours(24)));
  }
  return Place(this);
}

}  // namespace databricks_token
