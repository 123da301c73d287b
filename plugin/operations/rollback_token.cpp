#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kRollbackToken{
    .name = "rollback-token",
    .summary = "Makes the newest replaced token current again, if the workspace still accepts it.",
    .idempotent = false,  // twice goes back again, unless the request says from where
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "replace": {
          "description": "The token_id that is to be current no more. If it is not, that is done already.",
          "type": "string", "minLength": 1
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject& request) {
      return rotate(instance, call,
                    {.goal = hub::rotation::Goal::kRollback,
                     .replace = request.text("replace").value_or("")});
    }};

}  // namespace databricks_token
