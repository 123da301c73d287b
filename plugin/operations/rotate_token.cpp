#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kRotateToken{
    .name = "rotate-token",
    .summary =
        "Does whatever is due: finishes what an earlier run left, replaces the token, "
        "revokes replaced ones after their grace period.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "when": {"description": "now: replace the token even if it is not due.", "enum": ["due", "now"], "default": "due"},
        "replace": {
          "description": "With now: the token_id to replace. If it is not the current one any more, that is done already.",
          "type": "string", "minLength": 1
        },
        "leaked": {
          "description": "Replace the token now and revoke it at once, without a grace period and whoever uses it.",
          "type": "boolean", "default": false
        },
        "plan": {"description": "Say what would be done and why, and change nothing.", "type": "boolean", "default": false},
        "accept_store": {
          "description": "After STORE_OLDER_THAN_WORKSPACE: go on with what the store knows, and leave the tokens that it does not know alone until they expire.",
          "type": "boolean", "default": false
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject& asked) {
      const hub::rotation::Request request{
          .goal = hub::rotation::Goal::kRotate,
          .now = asked.text("when") == "now",
          .replace = asked.text("replace").value_or(""),
          .leaked = asked.boolean("leaked").value_or(false),
          .accept_store = asked.boolean("accept_store").value_or(false)};
      return asked.boolean("plan").value_or(false) ? plan(instance, call, request)
                                                   : rotate(instance, call, request);
    }};

}  // namespace databricks_token
