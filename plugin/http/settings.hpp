// Where a client goes, and whom it trusts there.
#pragma once

#include <hub/error.hpp>

#include <compare>
#include <cstdint>
#include <string>

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

  auto operator<=>(const Origin&) const = default;
};

struct TlsSettings {
  std::string ca_file;  // PEM; empty: the system's

  auto operator<=>(const TlsSettings&) const = default;
};

}  // namespace databricks_token
