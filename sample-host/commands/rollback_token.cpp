#include "commands/operation.hpp"
#include "session.hpp"

namespace sample_host {
namespace {

hub::Result<Answer> rollback_token(Session& session) {
  Poco::JSON::Object request;
  if (auto named = name_current(session, request); !named) return std::move(named).error();
  return run_operation(session, "rollback-token", request);
}

}  // namespace

const Command kRollbackToken{
    .name = "rollback-token",
    .argument = "CONNECTION",
    .summary = "make the newest replaced token current again",
    .help =
        R"(For a new token with which something is wrong, as long as the replaced one lives. What was
current becomes a replaced token and goes after its grace. When the old token nears its expiry, the
next rotate-token replaces it again.

Example:
  sample-host rollback-token prod
)",
    .options = {},
    .run = rollback_token};

}  // namespace sample_host
