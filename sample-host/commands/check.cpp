#include "commands/operation.hpp"

namespace sample_host {
namespace {

hub::Result<Answer> check(Session& session) {
  auto answer = run_operation(session, "check");
  if (answer) answer->passed = answer->result->getValue<bool>("passed");
  return answer;
}

}  // namespace

const Command kCheck{
    .name = "check",
    .argument = "CONNECTION",
    .summary = "say whether the connection would work, without changing anything",
    .help =
        R"(Looks whether the workspace can be reached, the admin credential is valid, the service principal
exists and may use tokens, the lifetime is allowed, and the current token is alive. Exits with 1 if
something is wrong.

Example:
  sample-host check prod
)",
    .options = {},
    .run = check};

}  // namespace sample_host
