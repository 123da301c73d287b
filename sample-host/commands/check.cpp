#include "commands/operation.hpp"

namespace sample_host {

const Command kCheck{
    .name = "check",
    .argument = "CONNECTION",
    .summary = "say whether the connection would work, without changing anything",
    .help =
        R"(Asks the workspace with the admin credential whether tokens are enabled there, whether
the service principal exists and may use tokens, and whether its current token works.

Example:
  sample-host check prod
)",
    .options = {},
    .run = [](Session& session) { return run_operation(session, "check"); }};

}  // namespace sample_host
