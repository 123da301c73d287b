#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kCreateToken{
    .name = "create-token",
    .summary =
        "Makes the first token of the connection's service principal and keeps it in the slot.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "accept_store": {
          "description": "After STORE_OLDER_THAN_WORKSPACE: go on with what the store knows, and leave the tokens that it does not know alone until they expire.",
          "type": "boolean", "default": false
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject& request) {
      return rotate(instance, call,
                    {.goal = hub::rotation::Goal::kCreate,
                     .accept_store = request.boolean("accept_store").value_or(false)});
    }};

}  // namespace databricks_token
