// HTTPS to one origin, on Poco, on sockets that we make ourselves.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <Poco/Net/NameValueCollection.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/settings.hpp"

namespace databricks_token {

class IdleConnections;
class Trust;

/// A header whose value is secret; the value is borrowed.
struct SecretHeader {
  std::string name;
  const hub::Secret* value;
};

struct HttpRequest {
  std::string method;
  std::string target;                   // path and query
  const hub::Secret* bearer = nullptr;  // borrowed; sent as "Authorization: Bearer"
  std::vector<SecretHeader> secret_headers{};
  std::string user_agent{};    // more of it, such as "auth/pat"
  std::string content_type{};  // empty: no body
  std::string body{};
};

struct HttpResponse {
  int status = 0;
  std::string reason_phrase;
  Poco::Net::NameValueCollection headers;
  std::string body;  // at most kMaxResponseBytes
};

/// Made by HttpClients, which shares it. Thread-safe. No retries: whether to send again is for
/// those who know what it means.
class HttpClient {
 public:
  static constexpr std::size_t kMaxResponseBytes = 1024 * 1024;
  /// At a time; further requests wait for their turn within their call's deadline.
  static constexpr std::size_t kMaxConnections = 8;

  HttpClient(Origin origin, TlsSettings tls, std::optional<ProxySettings> proxy,
             std::string user_agent, std::shared_ptr<Trust> trust,
             std::shared_ptr<IdleConnections> idle);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const Origin& origin() const;

  /// Sends once and reads the whole answer, whatever its status; redirects are answers too. The
  /// error's effect is none while no byte of the request was written, and unknown from then on.
  /// Returns within 200 ms of cancellation or the call's deadline. Reasons: NAME_UNRESOLVED,
  /// CONNECT_FAILED, PROXY_REFUSED, PROXY_AUTHENTICATION_REQUIRED, TLS_UNTRUSTED, TLS_WRONG_HOST,
  /// TLS_PIN_MISMATCH, CLIENT_CERTIFICATE_INVALID, CLIENT_CERTIFICATE_REFUSED,
  /// TLS_FAILED, CA_FILE_INVALID, CONNECTION_LOST, RESPONSE_INVALID, RESPONSE_TOO_LARGE,
  /// DEADLINE_EXCEEDED, CANCELLED, and for what cannot stand in a header HEADER_INVALID and
  /// CREDENTIAL_INVALID.
  ///
  /// Connections are kept for 30 s, or for less if the server says so. A CA file that changed
  /// counts within a second: from then on no connection and no TLS session from before it is used.
  hub::Result<HttpResponse> send(hub::Call call, const HttpRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace databricks_token
