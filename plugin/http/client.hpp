// HTTPS to one origin, on Poco, on sockets that we make ourselves.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <Poco/Net/NameValueCollection.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace databricks_token {

/// "https://host:port"; the port is always there.
struct Origin {
  std::string host;
  std::uint16_t port = 443;

  /// Reads "https://host[:port]"; a missing scheme is https, and a path, query or fragment is
  /// dropped, as the Databricks SDKs do (databricks-sdk-go config/config.go fixHostIfNeeded).
  /// INVALID_ARGUMENT, WORKSPACE_URL_INVALID.
  static hub::Result<Origin> parse(const std::string& url);
  std::string text() const;
};

struct TlsSettings {
  std::string ca_file;  // PEM; empty: the system's
};

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
  std::string content_type{};  // empty: no body
  std::string body{};
};

struct HttpResponse {
  int status = 0;
  std::string reason_phrase;
  Poco::Net::NameValueCollection headers;
  std::string body;  // at most kMaxResponseBytes
};

/// Thread-safe; keeps a few idle connections. No retries: whether to send again is for those who
/// know what it means.
class HttpClient {
 public:
  static constexpr std::size_t kMaxResponseBytes = 1024 * 1024;

  HttpClient(Origin origin, TlsSettings tls, std::string user_agent);
  ~HttpClient();
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;

  const Origin& origin() const;

  /// Sends once and reads the whole answer, whatever its status; redirects are answers too. The
  /// error's effect is none while no byte of the request was written, and unknown from then on.
  /// Returns within 200 ms of cancellation or the call's deadline. Reasons: NAME_UNRESOLVED,
  /// CONNECT_FAILED, TLS_UNTRUSTED, TLS_WRONG_HOST, TLS_FAILED, CA_FILE_INVALID, CONNECTION_LOST,
  /// RESPONSE_INVALID, RESPONSE_TOO_LARGE, DEADLINE_EXCEEDED, CANCELLED,
  /// and for what cannot stand in a header REQUEST_INVALID and CREDENTIAL_INVALID.
  hub::Result<HttpResponse> send(hub::Call call, const HttpRequest& request);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace databricks_token
