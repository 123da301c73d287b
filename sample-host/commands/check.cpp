#include "commands/operation.hpp"
#include "session.hpp"

#include <Poco/JSON/Array.h>

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--fix-permission", "", "grant the service principal CAN_USE on tokens if it has not"},
};

/// "pass     clock: what was found", and the hint below.
std::string line_of(const Poco::JSON::Object& finding) {
  std::string result = finding.getValue<std::string>("result");
  result.resize(9, ' ');
  std::string line = result + finding.getValue<std::string>("check") + ": " +
                     finding.getValue<std::string>("message") + "\n";
  if (finding.has("hint"))
    line += std::string(9, ' ') + "hint: " + finding.getValue<std::string>("hint") + "\n";
  return line;
}

hub::Result<Answer> check(Session& session) {
  Poco::JSON::Object request;
  if (session.line().has("--fix-permission")) request.set("fix_permission", true);
  auto answer = run_operation(session, "check", request);
  if (!answer) return answer;
  answer->text.clear();
  if (!answer->result->getValue<bool>("passed")) answer->verdict = Verdict::kUnclear;
  const auto findings = answer->result->getArray("findings");
  for (unsigned i = 0; i < findings->size(); ++i) {
    const auto finding = findings->getObject(i);
    answer->text += line_of(*finding);
    if (finding->getValue<std::string>("result") == "fail") answer->verdict = Verdict::kFailed;
  }
  return answer;
}

}  // namespace

const Command kCheck{
    .name = "check",
    .arguments = "CONNECTION",
    .summary = "say whether the connection would work, without changing anything",
    .help =
        R"(Looks whether the workspace can be reached, the admin credential is valid and may manage tokens, the
service principal exists and may use tokens, its lifetime and number are allowed, and the current
token is alive. Exits with 1 if something is wrong, and with 3 if a fault that passes, such as a
throttling workspace, kept it from looking.

Examples:
  sample-host check prod
  sample-host check prod --fix-permission
)",
    .options = kOptions,
    .run = check};

}  // namespace sample_host
