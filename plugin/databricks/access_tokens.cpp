#include "databricks/access_tokens.hpp"

#include <algorithm>
#include <utility>

#include "http/wait.hpp"

namespace databricks_token {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

// Databricks refuses a token in its last 30 seconds (databricks-vscode issue 583); as much again is
// for the request on its way, or less for a token of less than two minutes.
constexpr seconds kRefused{30};
constexpr seconds kMargin{60};

seconds usable(seconds lifetime) { return lifetime - std::clamp(lifetime / 2, kRefused, kMargin); }

/// An answer that holds for everybody who asked the same: the authorization server's own word. The
/// others speak of one call or of one connection's settings.
bool is_final(const hub::Result<>& answer) {
  return answer.ok() || (answer.error().retry == hub::Retry::kNever &&
                         answer.error().reason.starts_with("OAUTH_"));
}

}  // namespace

std::shared_ptr<AccessTokens::Entry> AccessTokens::entry_of(const std::string& key) {
  std::erase_if(entries_, [now = clock_()](const auto& each) {
    const std::shared_ptr<Entry>& entry = each.second;
    const bool is_idle = entry.use_count() == 1;  // neither asked for nor waited for
    return is_idle && entry->ask_at <= now && (!entry->token || entry->renew_at <= now);
  });
  auto& entry = entries_[key];
  if (!entry) entry = std::make_shared<Entry>();
  return entry;
}

hub::Result<AccessTokens::Kept> AccessTokens::get(hub::Call call, const std::string& key,
                                                  const Ask& ask) {
  const hub::OnCancel wake(call, [this] {
    const std::lock_guard lock(mutex_);
    changed_.notify_all();
  });
  std::unique_lock lock(mutex_);
  const std::shared_ptr<Entry> entry = entry_of(key);
  const std::uint64_t answers = entry->answers;
  while (entry->asking) {
    if (auto ended = call_ended(call, {"waiting for an access token"})) return *std::move(ended);
    changed_.wait_for(lock, std::min<nanoseconds>(call.remaining(), std::chrono::hours(1)));
    if (entry->answers == answers || !is_final(entry->last)) continue;
    if (!entry->last) return entry->last.error();
    if (entry->token) return Kept{key, entry->token, true};
  }
  if (entry->token && clock_() < entry->renew_at) return Kept{key, entry->token, false};
  if (!entry->last) {
    if (const nanoseconds wait = entry->ask_at - clock_(); wait.count() > 0) {
      hub::Error busy = entry->last.error();
      busy.retry_after_ms = std::chrono::ceil<std::chrono::milliseconds>(wait).count();
      return busy;
    }
  }

  // Whatever becomes of the asking, also when it throws, the others must not wait for ever.
  struct Asking {
    explicit Asking(AccessTokens& all, Entry& one, std::unique_lock<std::mutex>& held)
        : tokens(all), entry(one), lock(held) {
      entry.asking = true;
      entry.token.reset();
      lock.unlock();
    }
    ~Asking() {
      if (!lock) lock.lock();
      entry.asking = false;
      ++entry.answers;
      tokens.changed_.notify_all();
    }
    AccessTokens& tokens;
    Entry& entry;
    std::unique_lock<std::mutex>& lock;
  };
  const nanoseconds asked_at = clock_();
  const Asking asking(*this, *entry, lock);
  auto granted = ask(call);
  lock.lock();
  if (!granted) {
    entry->last = granted.error();
    entry->ask_at = clock_() + std::chrono::milliseconds(granted.error().retry_after_ms);
    return std::move(granted).error();
  }
  entry->last = {};
  entry->token = std::make_shared<const hub::Secret>(std::move(granted->access_token));
  entry->renew_at = asked_at + usable(granted->lifetime);
  return Kept{key, entry->token, true};
}

void AccessTokens::drop(const Kept& refused) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(refused.key);
  if (found != entries_.end() && found->second->token == refused.token)
    found->second->token.reset();
}

}  // namespace databricks_token
