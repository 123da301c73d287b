#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kRotateToken{
    .name = "rotate-token",
    .summary =
        "Does whatever is due: finishes what an earlier run left, replaces the token, revokes "
        "replaced "
        "ones after their grace period.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "when": {"description": "now: replace the token even if it is not due.", "enum": ["due", "now"], "default": "due"},
        "replace": {
          "description": "With now: the token_id to replace. If it is not the current one any more, that is done already.",
          "type": "string", "minLength": 1
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject& request) {
      return rotate(instance, call,
                    {.goal = hub::rotation::Goal::kRotate,
                     .now = request.text("when") == "now",
                     .replace = request.text("replace").value_or("")});
    }};

}  // namespace databricks_token
