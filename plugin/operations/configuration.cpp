#include "operations/configuration.hpp"

#include <algorithm>
#include <array>

#include "databricks/json.hpp"
#include "databricks/reasons.hpp"
#include "operations/lifetime.hpp"

namespace databricks_token {

const std::string_view Configuration::kSchema = R"json({
  "type": "object",
  "required": ["workspace_url", "application_id", "auth"],
  "additionalProperties": false,
  "properties": {
    "workspace_url": {
      "description": "The workspace's own URL, such as https://adb-1234567890123456.7.azuredatabricks.net; not the account console's.",
      "type": "string", "pattern": "^https://[^/]+/?$"
    },
    "application_id": {
      "description": "The service principal's application id; the tokens are its.",
      "type": "string",
      "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
    },
    "issue": {
      "description": "on-behalf-of: a workspace admin makes the tokens. self: the service principal signs in itself, with OAuth, and makes its own; on Azure the only way for principals of Microsoft Entra.",
      "enum": ["on-behalf-of", "self"], "default": "on-behalf-of"
    },
    "lifetime_seconds": {
      "description": "How long a token lives, in seconds: 7776000 is 90 days, the default. The workspace may grant less.",
      "type": "integer", "minimum": 60, "maximum": 63072000, "default": 7776000
    },
    "lifetime": {
      "description": "The same with its unit: 90d, 12h, or an ISO 8601 duration such as P90D or PT2160H. A number without a unit is refused: 129600, meant as 90 days in minutes, were 36 hours.",
      "type": "string"
    },
    "scopes": {
      "description": "What the first token may be used for; its replacements get the same. Everything if left out.",
      "type": "array", "minItems": 1, "uniqueItems": true, "items": {"type": "string", "minLength": 1}
    },
    "comment": {
      "description": "Begins each token's comment, with {connection} and {host} for the names of this connection and of the hub; a marker by which this connection's tokens are found follows.",
      "type": "string", "maxLength": 255, "default": ""
    },
    "auth": {
      "description": "How the secret \"admin\" signs in.",
      "type": "object",
      "oneOf": [
        {
          "required": ["type"],
          "additionalProperties": false,
          "properties": {
            "type": {"description": "pat: the secret is a personal access token of a workspace admin.", "const": "pat"}
          }
        },
        {
          "required": ["type", "client_id"],
          "additionalProperties": false,
          "properties": {
            "type": {"description": "oauth-m2m: the secret is an OAuth secret of a service principal.", "const": "oauth-m2m"},
            "client_id": {
              "description": "That principal's application id.",
              "type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
            }
          }
        },
        {
          "required": ["type", "client_id", "tenant_id"],
          "additionalProperties": false,
          "properties": {
            "type": {"description": "azure-entra: the secret is a client secret of a Microsoft Entra application.", "const": "azure-entra"},
            "client_id": {
              "description": "That application's id.",
              "type": "string", "pattern": "^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
            },
            "tenant_id": {
              "description": "The Microsoft Entra tenant, by its id or one of its domains.",
              "type": "string", "pattern": "^[0-9A-Za-z][0-9A-Za-z.-]*$"
            },
            "authority": {
              "description": "Where the tenant signs in; national clouds have their own.",
              "type": "string", "pattern": "^https://[^/]+/?$", "default": "https://login.microsoftonline.com"
            },
            "workspace_resource_id": {
              "description": "The workspace's id in Azure, /subscriptions/.../workspaces/NAME: lets in a principal that is no member of the workspace, but has a role on it in Azure.",
              "type": "string", "pattern": "^/subscriptions/[!-~]+$"
            }
          }
        }
      ]
    },
    "tls": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "ca_file": {
          "description": "PEM file with the certificate authorities to trust instead of the system's; relative to this file.",
          "type": "string", "minLength": 1, "format": "path"
        },
        "client_certificate_file": {
          "description": "PEM file with a client certificate and its chain, for a server that asks for one; relative to this file. Its key is the secret \"client_key\".",
          "type": "string", "minLength": 1, "format": "path"
        },
        "pinned_public_keys": {
          "description": "The workspace's public key must be one of these, besides all other checks: SHA-256 of the SubjectPublicKeyInfo, as curl's --pinnedpubkey has it.",
          "type": "array", "minItems": 1, "maxItems": 16,
          "items": {"type": "string", "pattern": "^sha256//[A-Za-z0-9+/]{43}=$"}
        }
      }
    },
    "proxy": {
      "description": "An HTTP proxy to go through, by CONNECT. Proxies of the environment are not looked at.",
      "type": "object",
      "required": ["url"],
      "additionalProperties": false,
      "properties": {
        "url": {"description": "http://HOST:PORT", "type": "string", "pattern": "^http://[^/@]+/?$"},
        "username": {
          "description": "For Basic authorization at the proxy; its password is the secret \"proxy_password\".",
          "type": "string", "pattern": "^[^:]+$", "maxLength": 255
        }
      }
    },
    "rotation": {
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "rotate_before_seconds": {
          "description": "Replace a token so long before it expires; a third of its lifetime by default.",
          "type": "integer", "minimum": 0
        },
        "grace_seconds": {
          "description": "A replaced token stays valid so long; by default a day, or a sixth of a short lifetime.",
          "type": "integer", "minimum": 0
        },
        "retire": {
          "description": "unless-used: after that, a replaced token that is still in use is reported and kept, until its expiry at most.",
          "enum": ["always", "unless-used"], "default": "always"
        },
        "settle_seconds": {
          "description": "A new token that the workspace refuses counts as refused only after so long.",
          "type": "integer", "minimum": 0, "maximum": 300, "default": 30
        }
      }
    }
  }
})json";

std::string_view to_text(Issue issue) { return issue == Issue::kSelf ? "self" : "on-behalf-of"; }

namespace {

// Of lifetime_seconds in the schema.
constexpr std::int64_t kShortestLifetime = 60;
constexpr std::int64_t kLongestLifetime = 63072000;

hub::Error invalid(std::string message) {
  return {
      .status = hub::Status::kInvalidArgument,
      .reason = "CONFIGURATION_INVALID",
      .message = "the configuration cannot be used: " + std::move(message),
      .hint = "Correct the connection's \"config\"; its schema is in the connector's description."};
}

/// Of the zones that databricks-sdk-go knows (common/environment/environments.go).
bool is_account_console(const std::string& host) {
  constexpr std::array kZones = {".databricks.com", ".databricks.us", ".azuredatabricks.net",
                                 ".databricks.azure.us", ".databricks.azure.cn"};
  return (host.starts_with("accounts.") || host.starts_with("accounts-dod.")) &&
         std::any_of(kZones.begin(), kZones.end(),
                     [&](const char* zone) { return host.ends_with(zone); });
}

hub::Result<AuthSettings> read_auth(const JsonObject& auth) {
  const std::string type = auth.required("type", auth.text("type"));
  AuthSettings settings;
  if (type == to_text(AuthType::kPat)) return settings;
  settings.client_id = auth.required("client_id", auth.text("client_id"));
  settings.type = AuthType::kOauthM2m;
  if (type == to_text(AuthType::kOauthM2m)) return settings;
  if (type != to_text(AuthType::kAzureEntra)) return invalid("auth.type is none of those known");
  settings.type = AuthType::kAzureEntra;
  settings.tenant_id = auth.required("tenant_id", auth.text("tenant_id"));
  settings.workspace_resource_id = auth.text("workspace_resource_id").value_or("");
  if (const auto url = auth.text("authority")) {
    auto authority = Origin::parse(*url);
    if (!authority) return invalid("auth.authority is not https://HOST");
    settings.authority = *std::move(authority);
  }
  return settings;
}

}  // namespace

hub::Result<Configuration> Configuration::read(std::string_view json,
                                               const CommentNames& names) try {
  const auto object = JsonObject::parse(std::string(json));
  if (!object) return invalid("it is not a JSON object");
  auto origin = Origin::parse(object->required("workspace_url", object->text("workspace_url")));
  if (!origin) return std::move(origin).error();
  if (is_account_console(origin->host)) {
    return hub::Error{.status = hub::Status::kInvalidArgument,
                      .reason = "ACCOUNT_HOST",
                      .message = origin->host + " is the account console, not a workspace",
                      .hint = std::string(find_reason("ACCOUNT_HOST")->hint)};
  }

  Configuration configuration;
  configuration.origin = *std::move(origin);
  configuration.application_id = object->required("application_id", object->text("application_id"));
  if (const auto issue = object->text("issue"); issue == to_text(Issue::kSelf)) {
    configuration.issue = Issue::kSelf;
  } else if (issue && issue != to_text(Issue::kOnBehalfOf)) {
    return invalid("issue is none of those known");
  }
  auto auth = read_auth(object->required("auth", object->object("auth")));
  if (!auth) return std::move(auth).error();
  configuration.auth = *std::move(auth);
  // databrickslabs/coding-agents-databricks-apps issue 52.
  if (configuration.issue == Issue::kSelf && configuration.auth.type == AuthType::kPat) {
    return invalid(
        "issue \"self\" needs an auth.type other than \"pat\": who signs in with the kind of token "
        "that it rotates can make no new one any more once that has expired");
  }
  if (const auto tls = object->object("tls")) {
    configuration.tls = {
        .ca_file = tls->text("ca_file").value_or(""),
        .client_certificate_file = tls->text("client_certificate_file").value_or(""),
        .client_key_secret = std::string(kClientKeySecret),
        .pinned_public_keys =
            tls->texts("pinned_public_keys").value_or(std::vector<std::string>())};
  }

  if (const auto proxy = object->object("proxy")) {
    auto proxy_origin = Origin::parse_proxy(proxy->required("url", proxy->text("url")));
    if (!proxy_origin) return std::move(proxy_origin).error();
    configuration.proxy = {.origin = *std::move(proxy_origin),
                           .username = proxy->text("username").value_or(""),
                           .password_secret = std::string(kProxyPasswordSecret)};
  }

  hub::rotation::Policy& policy = configuration.policy;
  policy.lifetime_seconds = object->integer("lifetime_seconds").value_or(policy.lifetime_seconds);
  if (const auto lifetime = object->text("lifetime")) {
    if (object->integer("lifetime_seconds"))
      return invalid("it has both lifetime and lifetime_seconds");
    const auto seconds = read_lifetime(*lifetime);
    if (!seconds) return seconds.error();
    if (*seconds < kShortestLifetime || *seconds > kLongestLifetime) {
      return invalid("lifetime is not between " + std::to_string(kShortestLifetime) + " and " +
                     std::to_string(kLongestLifetime) + " seconds");
    }
    policy.lifetime_seconds = *seconds;
  }
  policy.scopes = object->texts("scopes");
  auto comment = filled_in(object->text("comment").value_or(""), names);
  if (!comment) return std::move(comment).error();
  policy.comment = *std::move(comment);
  if (const auto rotation = object->object("rotation")) {
    policy.rotate_before_seconds = rotation->integer("rotate_before_seconds");
    policy.grace_seconds = rotation->integer("grace_seconds");
    if (rotation->text("retire") == "unless-used")
      policy.retire = hub::rotation::Retire::kUnlessUsed;
    if (const auto settle = rotation->integer("settle_seconds"))
      configuration.settle_time = std::chrono::seconds(*settle);
  }
  if (auto checked = policy.check(); !checked) return std::move(checked).error();
  return configuration;
} catch (const WrongShape& wrong) {
  return invalid(wrong.what());
}

}  // namespace databricks_token
