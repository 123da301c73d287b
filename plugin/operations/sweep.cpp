#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kSweep{
    .name = "sweep",
    .summary =
        "Revokes orphans: tokens that were made for this slot, but whose value "
        "was lost on the way.",
    .idempotent = true,
    .request_schema = kEmptyRequest,
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call, const JsonObject&) {
      return rotate(instance, call, {.goal = hub::rotation::Goal::kSweep});
    }};

}  // namespace databricks_token
