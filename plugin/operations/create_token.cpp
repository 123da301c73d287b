#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kCreateToken{
    .name = "create-token",
    .summary =
        "Makes the first token of the connection's service principal and keeps it in the slot.",
    .idempotent = true,
    .request_schema = kEmptyRequest,
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject&) {
      return rotate(instance, call, {.goal = hub::rotation::Goal::kCreate});
    }};

}  // namespace databricks_token
