#include "commands/operation.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--all", "", "the current token too; create-token makes a new one"},
};

hub::Result<Answer> revoke_token(Session& session) {
  Poco::JSON::Object request;
  if (session.line().has("--all")) request.set("all", true);
  return run_operation(session, "revoke-token", request);
}

}  // namespace

const Command kRevokeToken{
    .name = "revoke-token",
    .arguments = "CONNECTION",
    .summary = "revoke the replaced tokens now, without waiting for their grace to end",
    .help = R"(Whoever still uses a replaced token is refused from then on. With --all no token of
this connection is left alive, and rotate-token makes no new one.

Examples:
  sample-host revoke-token prod
  sample-host revoke-token prod --all
)",
    .options = kOptions,
    .run = revoke_token};

}  // namespace sample_host
