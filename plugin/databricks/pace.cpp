#include "databricks/pace.hpp"

#include <algorithm>

namespace databricks_token {

using std::chrono::milliseconds;

void Pace::hold_back(milliseconds wait, Time now) {
  constexpr milliseconds kLeastSpread{250};
  const std::lock_guard lock(mutex_);
  if (now + wait <= until_) return;
  until_ = now + wait;
  spread_ = std::max(kLeastSpread, wait / 4);
}

milliseconds Pace::wait_at(Time now, double share) const {
  const std::lock_guard lock(mutex_);
  if (until_ <= now) return milliseconds(0);
  const auto later = static_cast<milliseconds::rep>(share * static_cast<double>(spread_.count()));
  return std::chrono::ceil<milliseconds>(until_ - now) + milliseconds(later);
}

std::shared_ptr<Pace> Paces::of(const Origin& origin) {
  const std::lock_guard lock(mutex_);
  std::shared_ptr<Pace>& pace = by_origin_[origin.text()];
  if (!pace) pace = std::make_shared<Pace>();
  return pace;
}

}  // namespace databricks_token
