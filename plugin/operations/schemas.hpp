// JSON Schemas that several operations share.
#pragma once

#include <string_view>

namespace databricks_token {

/// A request without members.
inline constexpr std::string_view kEmptyRequest =
    R"json({"type": "object", "additionalProperties": false})json";

/// hub::rotation::Answer.
inline constexpr std::string_view kRotationAnswer = R"json({
  "type": "object",
  "required": ["state", "token_id", "expiry_time", "did", "pending", "warnings", "next_action_at"],
  "properties": {
    "state": {"description": "The slot's.", "enum": ["active", "revoking", "revoked"]},
    "token_id": {"description": "The current token's.", "type": ["string", "null"]},
    "expiry_time": {"description": "The current token's, in milliseconds since 1970.", "type": ["integer", "null"]},
    "plan": {
      "description": "Only where it was asked for: what would be done, in this order, and why.",
      "type": "array",
      "items": {
        "type": "object",
        "required": ["action", "reason"],
        "properties": {
          "action": {"enum": ["reconcile", "drop", "verify", "commit", "mint", "revoke", "sweep"]},
          "token_id": {"type": "string"},
          "reason": {"type": "string"}
        }
      }
    },
    "did": {
      "description": "What this call did, in this order.",
      "type": "array",
      "items": {
        "type": "object",
        "required": ["action"],
        "properties": {
          "action": {"enum": ["minted", "adopted", "committed", "revoked", "orphan-revoked", "swept"]},
          "token_id": {"type": "string"}
        }
      }
    },
    "pending": {
      "description": "What remains, and when; null: as soon as the new token has reached everybody.",
      "type": "array",
      "items": {
        "type": "object",
        "required": ["action", "token_id", "at"],
        "properties": {
          "action": {"enum": ["revoke"]},
          "token_id": {"type": "string"},
          "at": {"type": ["integer", "null"]}
        }
      }
    },
    "warnings": {
      "type": "array",
      "items": {
        "type": "object",
        "required": ["reason", "message"],
        "properties": {"reason": {"type": "string"}, "message": {"type": "string"}}
      }
    },
    "next_action_at": {"description": "When to call rotate-token next, in milliseconds since 1970.", "type": "integer"}
  }
})json";

}  // namespace databricks_token
