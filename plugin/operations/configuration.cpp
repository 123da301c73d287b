#include "operations/configuration.hpp"

#include "databricks/json.hpp"

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
    "lifetime_seconds": {
      "description": "How long a token lives, in seconds: 7776000 is 90 days, the default. The workspace may grant less.",
      "type": "integer", "minimum": 60, "maximum": 63072000, "default": 7776000
    },
    "comment": {
      "description": "Begins each token's comment; a marker by which this connection's tokens are found follows.",
      "type": "string", "maxLength": 255, "default": ""
    },
    "auth": {
      "description": "How the secret \"admin\" signs in.",
      "type": "object",
      "required": ["type"],
      "additionalProperties": false,
      "properties": {
        "type": {"description": "pat: the secret is a personal access token of a workspace admin.", "enum": ["pat"]}
      }
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
        }
      }
    }
  }
})json";

namespace {

hub::Error invalid(std::string message) {
  return {
      .status = hub::Status::kInvalidArgument,
      .reason = "CONFIGURATION_INVALID",
      .message = "the configuration cannot be used: " + std::move(message),
      .hint = "Correct the connection's \"config\"; its schema is in the connector's description."};
}

}  // namespace

hub::Result<Configuration> Configuration::read(std::string_view json) try {
  const auto object = JsonObject::parse(std::string(json));
  if (!object) return invalid("it is not a JSON object");
  auto origin = Origin::parse(object->required("workspace_url", object->text("workspace_url")));
  if (!origin) return std::move(origin).error();

  Configuration configuration;
  configuration.origin = *std::move(origin);
  configuration.application_id = object->required("application_id", object->text("application_id"));
  const JsonObject auth = object->required("auth", object->object("auth"));
  if (auth.required("type", auth.text("type")) != "pat")
    return invalid("auth.type must be \"pat\"");
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
  policy.comment = object->text("comment").value_or("");
  if (const auto rotation = object->object("rotation")) {
    policy.rotate_before_seconds = rotation->integer("rotate_before_seconds");
    policy.grace_seconds = rotation->integer("grace_seconds");
  }
  if (auto checked = policy.check(); !checked) return std::move(checked).error();
  return configuration;
} catch (const WrongShape& wrong) {
  return invalid(wrong.what());
}

}  // namespace databricks_token
