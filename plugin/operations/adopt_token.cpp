#include "operations/operation.hpp"
#include "operations/schemas.hpp"

namespace databricks_token {

constinit const Operation kAdoptToken{
    .name = "adopt-token",
    .summary =
        "Takes over a token that somebody made by hand, the secret \"adopt\": it becomes "
        "current, and what was current is replaced by it.",
    .idempotent = true,
    .request_schema = R"json({
      "type": "object",
      "additionalProperties": false,
      "properties": {
        "token_id": {
          "description": "Which token it is; needed only where the workspace does not say so. The token of that id is revoked when its successor retires it, so a wrong one is somebody else's loss.",
          "type": "string", "minLength": 1
        }
      }
    })json",
    .response_schema = kRotationAnswer,
    .run = [](Instance& instance, hub::Call call,
              const JsonObject& request) -> hub::Result<std::string> {
      const auto value = call.secret(kAdoptSecret);
      if (!value) return value.error();
      // When it retires it would be revoked, and nothing could sign in any more.
      const auto admin = call.secret(kAdminSecret);
      if (!admin) return admin.error();
      if (admin->reveal() == value->reveal()) {
        return hub::Error{.status = hub::Status::kFailedPrecondition,
                          .reason = "ADOPTION_REFUSED",
                          .message = "it is what the connection itself signs in with",
                          .hint = "Make a token of its own for the pipeline: create-token."};
      }
      return rotate(instance, call,
                    {.goal = hub::rotation::Goal::kAdopt,
                     .adopt = &*value,
                     .adopt_id = request.text("token_id").value_or("")});
    }};

}  // namespace databricks_token
