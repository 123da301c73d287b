#include "http/idle_connections.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace databricks_token {

std::vector<IdleConnections::Idle> IdleConnections::extract(
    const std::function<bool(const Idle&)>& matches) {
  std::vector<Idle> extracted;
  const auto first = std::find_if(idle_.begin(), idle_.end(), matches);
  if (first == idle_.end()) return extracted;
  const auto rest = std::stable_partition(first, idle_.end(), std::not_fn(matches));
  std::move(rest, idle_.end(), std::back_inserter(extracted));
  idle_.erase(rest, idle_.end());
  return extracted;
}

std::vector<IdleConnections::Idle> IdleConnections::extract_ended(std::chrono::nanoseconds now) {
  if (now < first_end_) return {};  // which is most often so
  auto ended = extract([now](const Idle& idle) { return idle.until <= now; });
  first_end_ = std::chrono::nanoseconds::max();
  for (const Idle& idle : idle_) first_end_ = std::min(first_end_, idle.until);
  return ended;
}

void IdleConnections::put(const void* owner, std::unique_ptr<Connection> connection,
                          std::chrono::milliseconds time) {
  const auto now = clock_();
  std::vector<Idle> closed;
  const std::lock_guard lock(mutex_);
  closed = extract_ended(now);
  idle_.push_back({owner, std::move(connection), now + time});
  first_end_ = std::min(first_end_, now + time);

  const auto is_owned = [owner](const Idle& idle) { return idle.owner == owner; };
  const auto owned = std::count_if(idle_.begin(), idle_.end(), is_owned);
  auto surplus = idle_.end();
  if (static_cast<std::size_t>(owned) > kMaxPerOwner) {
    surplus = std::find_if(idle_.begin(), idle_.end(), is_owned);
  } else if (idle_.size() > kMax) {
    surplus = idle_.begin();
  }
  if (surplus == idle_.end()) return;
  closed.push_back(std::move(*surplus));
  idle_.erase(surplus);
}

std::unique_ptr<Connection> IdleConnections::take(const void* owner) {
  const auto now = clock_();
  std::vector<Idle> closed;
  const std::lock_guard lock(mutex_);
  closed = extract_ended(now);
  const auto youngest = std::find_if(idle_.rbegin(), idle_.rend(),
                                     [&](const Idle& idle) { return idle.owner == owner; });
  if (youngest == idle_.rend()) return nullptr;
  auto connection = std::move(youngest->connection);
  idle_.erase(std::next(youngest).base());
  return connection;
}

void IdleConnections::drop(const void* owner) {
  std::vector<Idle> closed;
  const std::lock_guard lock(mutex_);
  closed = extract([&](const Idle& idle) { return idle.owner == owner; });
}

}  // namespace databricks_token
