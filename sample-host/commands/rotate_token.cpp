#include "commands/operation.hpp"
#include "json.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

constexpr std::array kOptions = {
    Option{"--when", "due|now",
           "due (the default): what the clock asks for; now: replace the token"},
};

/// `now` names the token that is to be replaced, so that of two hosts, or of a run that was killed
/// and its rerun, one replaces it.
hub::Result<Answer> rotate_token(Session& session) {
  const std::string when(session.line().value("--when", "due"));
  Poco::JSON::Object request;
  request.set("when", when);
  if (when == "now") {
    const auto slot = session.store().look(session.slot());
    if (!slot && slot.error().status != hub::Status::kNotFound) return slot.error();
    if (slot && slot->current)
      request.set("replace", parse_object(slot->current->note)->get("token_id"));
  }
  return run_operation(session, "rotate-token", request);
}

}  // namespace

const Command kRotateToken{
    .name = "rotate-token",
    .argument = "CONNECTION",
    .summary = "do whatever is due: finish, replace, revoke",
    .help =
        R"(Looks at the store, the clock and the workspace and does what is due: finishes what an
interrupted run left, replaces a token before it expires, revokes replaced tokens when their grace
has ended. Calling it too often is harmless; the answer's next_action_at says when it is needed next.

Examples:
  sample-host rotate-token prod
  sample-host rotate-token prod --when now
)",
    .options = kOptions,
    .run = rotate_token};

}  // namespace sample_host
