#include "command_line.hpp"
#include "commands/operation.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--when", "due|now",
           "due (the default): what the clock asks for; now: replace the token"},
    Option{"--replace", "TOKEN_ID", "with now or leaked: which token; otherwise the current one"},
    Option{"--leaked", "", "replace it now and revoke it at once, whoever uses it"},
    Option{"--plan", "", "say what would be done and why, and change nothing"},
    Option{"--accept-store", "",
           "after STORE_OLDER_THAN_WORKSPACE: go on with what the store knows"},
};

/// "revoke 4f2a..: its grace period has passed"
std::string lines_of(const Poco::JSON::Object& answer) {
  std::string text;
  for (const auto& item : *answer.getArray("plan")) {
    const auto& step = *item.extract<Poco::JSON::Object::Ptr>();
    text += step.getValue<std::string>("action") +
            (step.has("token_id") ? " " + step.getValue<std::string>("token_id") : "") + ": " +
            step.getValue<std::string>("reason") + "\n";
  }
  if (text.empty()) text = "nothing is due\n";
  for (const auto& item : *answer.getArray("warnings")) {
    const auto& warning = *item.extract<Poco::JSON::Object::Ptr>();
    text += "warning: " + warning.getValue<std::string>("message") + " [" +
            warning.getValue<std::string>("reason") + "]\n";
  }
  return text;
}

hub::Result<Answer> rotate_token(Session& session) {
  const CommandLine& line = session.line();
  const bool leaked = line.has("--leaked");
  const bool plan = line.has("--plan");
  const std::string when(line.value("--when", leaked ? "now" : "due"));
  if (when == "due" && (leaked || line.has("--replace")))
    throw UsageError("with --when due the clock says which token is replaced",
                     "Write --when now or --leaked, and --replace if it is not the current one.");
  Poco::JSON::Object request;
  request.set("when", when);
  if (leaked) request.set("leaked", true);
  if (plan) request.set("plan", true);
  if (line.has("--accept-store")) request.set("accept_store", true);
  if (when == "now") {
    if (auto named = name_replaced(session, request); !named) return std::move(named).error();
  }
  auto answer = run_operation(session, "rotate-token", request);
  if (answer && plan) answer->text = lines_of(*answer->result);
  return answer;
}

}  // namespace

const Command kRotateToken{
    .name = "rotate-token",
    .arguments = "CONNECTION",
    .summary = "do whatever is due: finish, replace, revoke",
    .help =
        R"(Looks at the store, the clock and the workspace and does what is due: finishes what an
interrupted run left, replaces a token before it expires, revokes replaced tokens when their grace
has ended. Calling it too often is harmless; the answer's next_action_at says when it is needed next.
A token that has leaked is replaced and revoked at once. Name it by its token_id if it may have been
replaced already; `tokens` shows the ids.

Examples:
  sample-host rotate-token prod
  sample-host rotate-token prod --plan
  sample-host rotate-token prod --when now
  sample-host rotate-token prod --leaked --replace 4f2a..
)",
    .options = kOptions,
    .run = rotate_token};

}  // namespace sample_host
