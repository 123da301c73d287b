#include "commands/operation.hpp"

namespace sample_host {

const Command kCreateToken{
    .name = "create-token",
    .argument = "CONNECTION",
    .summary = "make the connection's first token and keep it in the store",
    .help = R"(Makes a token on behalf of the connection's service principal, checks it at the
workspace and stores it, sealed. Fails if there is a current one: that is what rotate-token is for.
The token itself is not printed; `sample-host tokens CONNECTION --reveal current` prints it.

Example:
  sample-host create-token prod
)",
    .options = {},
    .run = [](Session& session) { return run_operation(session, "create-token"); }};

}  // namespace sample_host
