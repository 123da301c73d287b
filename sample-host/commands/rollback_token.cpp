#include "commands/operation.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--replace", "TOKEN_ID", "which token is to be current no more; otherwise the current"},
};

hub::Result<Answer> rollback_token(Session& session) {
  Poco::JSON::Object request;
  if (auto named = name_replaced(session, request); !named) return std::move(named).error();
  return run_operation(session, "rollback-token", request);
}

}  // namespace

const Command kRollbackToken{
    .name = "rollback-token",
    .arguments = "CONNECTION",
    .summary = "make the newest replaced token current again",
    .help =
        R"(For a new token with which something is wrong, as long as the replaced one lives. What was
current becomes a replaced token and goes after its grace. An old token that nears its expiry, as
after a rotation that was due, is replaced again by the next rotate-token: stop its timer until you
know what was wrong. A run that was interrupted is best repeated with --replace.

Example:
  sample-host rollback-token prod
)",
    .options = kOptions,
    .run = rollback_token};

}  // namespace sample_host
