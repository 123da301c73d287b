#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kRevokeToken{
    .name = "revoke-token",
    .summary =
        "Revokes the tokens that were replaced, without waiting for the grace period; or all of "
        "them.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "all": {
          "description": "Also the current one, for good: only create-token puts the slot into use again.",
          "type": "boolean", "default": false
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject& request) {
      using hub::rotation::Goal;
      const bool all = request.boolean("all").value_or(false);
      return rotate(instance, call, {.goal = all ? Goal::kRevokeAll : Goal::kRevokePrevious});
    }};

}  // namespace databricks_token
