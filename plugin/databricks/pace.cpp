#include "databricks/pace.hpp"

namespace databricks_token {

using std::chrono::milliseconds;

void Pace::hold_back(milliseconds wait, Time now) {
  const std::lock_guard lock(mutex_);
  if (now + wait <= until_) return;
  until_ = now + wait;
  waiting_ = 0;
}

milliseconds Pace::wait_at(Time now) {
  constexpr milliseconds kDistance{10};
  constexpr int kMaxApart = 25;
  const std::lock_guard lock(mutex_);
  if (until_ <= now) return milliseconds(0);
  return std::chrono::ceil<milliseconds>(until_ - now) + kDistance * (waiting_++ % kMaxApart);
}

std::shared_ptr<Pace> Paces::of(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Pace>& pace = by_origin_[origin.text()];
  if (!pace) pace = std::make_shared<Pace>();
  return pace;
}

}  // namespace databricks_token
