// OAuth access tokens, kept until shortly before they expire.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/clock.hpp"

namespace databricks_token {

/// What an authorization server granted.
struct Grant {
  hub::Secret access_token;
  std::chrono::seconds lifetime{0};  // from the request on
};

/// Thread-safe; one for all instances of the process. However many calls want the same token, one
/// asks for it while the others wait, each within its own deadline and cancellation. Those who
/// waited share a token and a refusal; after any other failure of the one who asked, such as its
/// cancellation, another of them takes over.
class AccessTokens {
 public:
  /// Asks the authorization server.
  using Ask = std::function<hub::Result<Grant>(hub::Call)>;

  struct Kept {
    std::string key;
    std::shared_ptr<const hub::Secret> token;
    bool fresh = false;  // asked for during this get(), not found
  };

  explicit AccessTokens(Clock clock) : clock_(std::move(clock)) {}

  /// The token of `key`, which must hold no secret. Errors: those of `ask`; DEADLINE_EXCEEDED and
  /// CANCELLED.
  hub::Result<Kept> get(hub::Call call, const std::string& key, const Ask& ask);

  /// Forgets it, unless another has taken its place.
  void drop(const Kept& refused);

 private:
  struct Entry {
    bool asking = false;
    std::uint64_t answers = 0;  // how often `ask` came back
    std::shared_ptr<const hub::Secret> token{};
    std::chrono::nanoseconds renew_at{0};
    hub::Result<> last{};                // what the latest answer was
    std::chrono::nanoseconds ask_at{0};  // not before: so the server asked with a failure
  };

  /// The entry; those that hold nothing of use go. The caller holds the lock.
  std::shared_ptr<Entry> entry_of(const std::string& key);

  const Clock clock_;
  std::mutex mutex_;  // guards what follows, never held over I/O
  std::condition_variable changed_;
  std::map<std::string, std::shared_ptr<Entry>> entries_;
};

}  // namespace databricks_token
