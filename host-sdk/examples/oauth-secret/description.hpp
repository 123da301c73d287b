// What the connector says of itself: configuration, secrets, operations.
#pragma once

namespace oauth_secret {

/// All but the reasons.
inline constexpr const char* kDescription = R"json({
  "id": "oauth-secret",
  "version": "1.0.0",
  "title": "Databricks OAuth secret",
  "summary": "Makes and rotates an OAuth secret of a Databricks service principal.",
  "config": {
    "type": "object",
    "additionalProperties": false,
    "required": ["host", "service_principal_id", "application_id"],
    "properties": {
      "host": {
        "description": "The workspace's URL.",
        "type": "string", "pattern": "^https://[A-Za-z0-9.:_\\[\\]-]+$"
      },
      "service_principal_id": {
        "description": "The numeric id of the service principal.",
        "type": "string", "pattern": "^[0-9]{1,20}$"
      },
      "application_id": {
        "description": "Its application id, by which it signs in.",
        "type": "string", "pattern": "^[0-9a-fA-F-]{36}$"
      },
      "ca_file": {
        "description": "The authority of the workspace's certificate, PEM; otherwise the system's.",
        "type": "string", "format": "path"
      },
      "proxy": {
        "description": "An HTTP proxy; none otherwise, whatever the environment says.",
        "type": "string", "pattern": "^http://[A-Za-z0-9.:_-]+$"
      },
      "lifetime_seconds": {
        "description": "Up to an hour (a hundredth at most) less is asked for, so that a lost secret is known; the workspace's answer decides.",
        "type": "integer", "minimum": 3600, "maximum": 63072000, "default": 7776000
      },
      "grace_seconds": {
        "description": "How long a replaced secret lives on; otherwise a sixth of the lifetime, a day at most.",
        "type": "integer", "minimum": 0
      }
    }
  },
  "secrets": {
    "admin": {"access": "read", "required": true, "summary": "A workspace admin's token, to make, list and delete secrets."},
    "secret": {"access": "rotate", "required": true, "summary": "The service principal's OAuth secret."}
  },
  "operations": {
    "create-secret": {
      "summary": "Makes the first secret and keeps it in the slot.",
      "idempotent": true,
      "request": {"type": "object", "additionalProperties": false},
      "response": {"type": "object", "required": ["state", "secret_id", "next_action_at"]}
    },
    "rotate-secret": {
      "summary": "Does whatever is due: finishes what an earlier run left, replaces the secret, deletes replaced ones after their grace period.",
      "idempotent": true,
      "request": {
        "type": "object",
        "additionalProperties": false,
        "properties": {
          "when": {"description": "now: replace it even if it is not due.", "enum": ["due", "now"]},
          "replace": {"description": "With now: the secret_id to replace; if it is not current any more, that is done.", "type": "string", "minLength": 1}
        }
      },
      "response": {"type": "object", "required": ["state", "secret_id", "next_action_at"]}
    },
    "revoke-secret": {
      "summary": "Deletes the secrets that were replaced, without waiting for their grace period; or all of them.",
      "idempotent": true,
      "request": {
        "type": "object",
        "additionalProperties": false,
        "properties": {"all": {"description": "Also the current one; create-secret puts the slot into use again.", "type": "boolean"}}
      },
      "response": {"type": "object", "required": ["state", "secret_id", "next_action_at"]}
    },
    "sweep": {
      "summary": "Deletes secrets that were made for this slot, but whose value was lost on the way; also after all were revoked.",
      "idempotent": true,
      "request": {"type": "object", "additionalProperties": false},
      "response": {"type": "object", "required": ["state", "secret_id", "next_action_at"]}
    },
    "list-secrets": {
      "summary": "Lists the principal's secrets, never their values, and the role of those that the slot knows.",
      "idempotent": true,
      "request": {"type": "object", "additionalProperties": false},
      "response": {"type": "object", "required": ["secrets"]}
    }
  }
})json";

}  // namespace oauth_secret
