#include "commands/operation.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--accept-store", "",
           "after STORE_OLDER_THAN_WORKSPACE: go on with what the store knows"},
};

hub::Result<Answer> create_token(Session& session) {
  Poco::JSON::Object request;
  if (session.line().has("--accept-store")) request.set("accept_store", true);
  return run_operation(session, "create-token", request);
}

}  // namespace

const Command kCreateToken{
    .name = "create-token",
    .arguments = "CONNECTION",
    .summary = "make the connection's first token and keep it in the store",
    .help = R"(Makes a token on behalf of the connection's service principal, checks it at the
workspace and stores it, sealed. Fails if there is a current one: that is what rotate-token is for.
The token itself is not printed; `sample-host tokens CONNECTION --reveal current` prints it.

Example:
  sample-host create-token prod
)",
    .options = kOptions,
    .run = create_token};

}  // namespace sample_host
