// The clients of the process, and what they share. How plugin/http fits together:
//
//   HttpClients            one per process; gives the same client for equal settings
//     Trust                one per CA file: the certificates, read once, again when it changes
//     IdleConnections      one: what waits for its next request, over all clients bounded
//     HttpClient           one per settings; sends a request once and reads its answer
//       TlsContext         chain and name check for the client's origin, on the shared Trust
//       Places             how many connections it may have at a time; who comes first goes first
//       Connection         one socket with TLS on it, handshake done and server checked
//
// Nothing here has a thread: callers do all work, within their own deadline and cancellation.
#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <tuple>

#include "http/client.hpp"
#include "http/clock.hpp"
#include "http/settings.hpp"

namespace databricks_token {

/// Thread-safe. Must be made once for a process; clients may outlive it.
class HttpClients {
 public:
  /// `user_agent` is sent by each client; `clock` must work for as long as one sends.
  explicit HttpClients(
      std::string user_agent,
      Clock clock = [] { return std::chrono::steady_clock::now().time_since_epoch(); });
  ~HttpClients();
  HttpClients(const HttpClients&) = delete;
  HttpClients& operator=(const HttpClients&) = delete;

  /// The client for these settings. Equal settings get the same client for as long as somebody
  /// holds it; settings that need a secret get their own, for what one connection was let in with
  /// is not for another. Does no I/O and cannot fail.
  std::shared_ptr<HttpClient> get(const Origin& origin, const TlsSettings& tls,
                                  const std::optional<ProxySettings>& proxy = {});

 private:
  using Key = std::tuple<Origin, TlsSettings, std::optional<ProxySettings>>;

  const std::string user_agent_;
  const Clock clock_;
  const std::shared_ptr<IdleConnections> idle_;

  std::mutex mutex_;  // guards what follows
  std::map<Key, std::weak_ptr<HttpClient>> clients_;
  std::map<std::string, std::weak_ptr<Trust>> trusts_;  // by CA file
  std::size_t tidy_at_ = 64;  // clients_ of this size is rid of those that nobody holds
};

}  // namespace databricks_token
