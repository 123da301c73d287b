// A connection's configuration: its schema and what it says.
#pragma once

#include <hub/error.hpp>
#include <hub/rotation.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "databricks/sign_in.hpp"
#include "http/settings.hpp"
#include "operations/comment.hpp"

namespace databricks_token {

/// How the principal's tokens are made: by an admin on its behalf, or by the principal itself.
enum class Issue { kOnBehalfOf, kSelf };

/// As in a connection's configuration.
std::string_view to_text(Issue issue);

/// The names of secrets that only some configurations need.
inline constexpr std::string_view kProxyPasswordSecret = "proxy_password";
inline constexpr std::string_view kClientKeySecret = "client_key";

struct Configuration {
  /// JSON Schema, for describe().
  static const std::string_view kSchema;

  Origin origin;
  std::string application_id;
  Issue issue = Issue::kOnBehalfOf;
  AuthSettings auth;
  TlsSettings tls;
  std::optional<ProxySettings> proxy;
  hub::rotation::Policy policy;
  /// A fresh token may be refused for some seconds; no source says for how many.
  std::chrono::milliseconds settle_time = std::chrono::seconds(30);

  /// INVALID_ARGUMENT with reason CONFIGURATION_INVALID, WORKSPACE_URL_INVALID,
  /// ACCOUNT_HOST, PROXY_URL_INVALID, APPLICATION_ID_INVALID, LIFETIME_UNREADABLE, COMMENT_INVALID
  /// or POLICY_INVALID.
  static hub::Result<Configuration> read(std::string_view json, const CommentNames& names);
};

}  // namespace databricks_token
