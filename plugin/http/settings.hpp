// Where a client goes, and whom it trusts there.
#pragma once

#include <hub/error.hpp>

#include <compare>
#include <cstdint>
#include <string>
#include <vector>

namespace databricks_token {

/// "https://host:port", or the http of a proxy; the port is always there.
struct Origin {
  std::string host;
  std::uint16_t port = 443;
  std::string scheme = "https";

  /// Reads "https://host[:port]"; a missing scheme is https, and a path, query or fragment is
  /// dropped, as the Databricks SDKs do (databricks-sdk-go config/config.go fixHostIfNeeded).
  /// INVALID_ARGUMENT, WORKSPACE_URL_INVALID.
  static hub::Result<Origin> parse(const std::string& url);
  /// The same for "http://host[:port]" of a proxy. INVALID_ARGUMENT, PROXY_URL_INVALID.
  static hub::Result<Origin> parse_proxy(const std::string& url);

  /// "https://host:port"
  std::string text() const;
  /// "host:port"
  std::string authority() const;

  auto operator<=>(const Origin&) const = default;
};

struct TlsSettings {
  std::string ca_file{};  // PEM; empty: the system's

  std::string client_certificate_file{};  // PEM, with its chain; empty: none
  std::string client_key_secret{};        // the name of the call's secret with its key, PEM

  /// "sha256//" and the base64 of the SHA-256 of a SubjectPublicKeyInfo, as curl has them. The
  /// server's own key must be one of them, besides all other checks; empty: no such check.
  std::vector<std::string> pinned_public_keys{};

  auto operator<=>(const TlsSettings&) const = default;
};

/// An HTTP proxy that passes connections on by CONNECT. The environment's proxies are not looked
/// at.
struct ProxySettings {
  Origin origin;
  std::string username{};         // empty: the proxy asks for none
  std::string password_secret{};  // the name of the call's secret with the password

  auto operator<=>(const ProxySettings&) const = default;
};

}  // namespace databricks_token
