#include "commands/operation.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--token-id", "ID", "which token it is, where the workspace does not say so"},
};

hub::Result<Answer> adopt_token(Session& session) {
  Poco::JSON::Object request;
  if (session.line().has("--token-id"))
    request.set("token_id", std::string(session.line().value("--token-id")));
  return run_operation(session, "adopt-token", request);
}

}  // namespace

const Command kAdoptToken{
    .name = "adopt-token",
    .arguments = "CONNECTION",
    .summary = "take over a token that somebody made by hand",
    .help =
        R"(The token is read where the connection's manifest says, for instance
"secrets": {"adopt": {"reference": "file:PATH"}, ..}, so that it never stands on a command line.
It must be a live token of the connection's service principal. It becomes current and is rotated
from then on; a token that was current before is replaced by it. The token of --token-id is revoked
one day like any other that was current, so a wrong ID is somebody else's loss.

Examples:
  sample-host adopt-token prod
  sample-host adopt-token prod --token-id 4f2a..
)",
    .options = kOptions,
    .run = adopt_token};

}  // namespace sample_host
