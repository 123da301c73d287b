#include "databricks/server_clock.hpp"

#include <utility>

namespace databricks_token {
namespace {

using std::chrono::milliseconds;

// What is set forth or back by less is an adjustment.
constexpr milliseconds kJump = std::chrono::minutes(5);

template <class Clock>
milliseconds now() {
  return std::chrono::duration_cast<milliseconds>(Clock::now().time_since_epoch());
}

}  // namespace

ServerClock::ServerClock()
    : ServerClock(now<std::chrono::system_clock>, now<std::chrono::steady_clock>) {}

ServerClock::ServerClock(Milliseconds wall, Milliseconds monotonic)
    : wall_(std::move(wall)), monotonic_(std::move(monotonic)) {}

void ServerClock::heard(std::chrono::system_clock::time_point date) {
  const auto theirs = std::chrono::duration_cast<milliseconds>(date.time_since_epoch());
  const Heard now{theirs - wall_(), wall_less_monotonic()};
  const std::lock_guard lock(mutex_);
  heard_ = now;
}

std::optional<milliseconds> ServerClock::offset() const {
  const milliseconds now = wall_less_monotonic();
  const std::lock_guard lock(mutex_);
  if (!heard_ || std::chrono::abs(now - heard_->wall_less_monotonic) > kJump) return std::nullopt;
  return heard_->offset;
}

}  // namespace databricks_token
