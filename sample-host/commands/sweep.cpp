#include "commands/operation.hpp"

namespace sample_host {

const Command kSweep{
    .name = "sweep",
    .arguments = "CONNECTION",
    .summary = "delete tokens at the workspace that an interrupted run left behind",
    .help = R"(Lists the workspace's tokens and deletes those that were made for this connection but
are in nobody's hands, because an answer was lost or a run was killed. No other token is touched.

Example:
  sample-host sweep prod
)",
    .options = {},
    .run = [](Session& session) { return run_operation(session, "sweep"); }};

}  // namespace sample_host
