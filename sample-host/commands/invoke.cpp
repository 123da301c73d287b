#include "commands/operation.hpp"
#include "session.hpp"

#include <iostream>
#include <iterator>

namespace sample_host {
namespace {

std::string read_stdin() { return {std::istreambuf_iterator<char>(std::cin), {}}; }

hub::Result<Answer> invoke(Session& session) {
  const std::string operation = session.line().argument(1);
  if (shown(operation).empty())
    throw UsageError("that is no name of an operation",
                     "`sample-host describe CONNECTION` names the operations.");
  const std::string request = session.line().argument(2);
  if (request.empty()) return run_operation(session, operation, "{}");
  return run_operation(session, operation, request == "-" ? read_stdin() : request);
}

}  // namespace

const Command kInvoke{
    .name = "invoke",
    .arguments = "CONNECTION OPERATION [REQUEST]",
    .summary = "run any operation of the connection's connector",
    .help =
        R"(REQUEST is a JSON object, {} by default; with - it is read from stdin. `describe` names the
operations, and with --json it has the schemas of their requests and responses. A request never
holds a secret: what the connector needs of these it gets from the connection's manifest.

Examples:
  sample-host invoke prod rotate-secret
  sample-host invoke prod rotate-secret '{"when": "now"}'
  sample-host --json invoke prod rotate-secret - < request.json
)",
    .options = {},
    .run = invoke};

}  // namespace sample_host
