#include "commands/operation.hpp"
#include "json.hpp"
#include "session.hpp"

#include <array>

namespace sample_host {
namespace {

using Poco::Dynamic::Var;

constexpr std::array kOptions = {
    Option{"--reveal", "current", "print the current token itself, alone"},
    Option{"--remote", "", "ask the workspace instead of the store"},
};

/// The version's number and what the connector noted about it.
Poco::JSON::Object::Ptr document_of(const hub::SlotSnapshot::Version& version) {
  auto document = version.note.empty() ? make_object() : parse_object(version.note);
  document->set("version", version.id);
  return document;
}

Poco::JSON::Object::Ptr document_of(const hub::SlotSnapshot& slot) {
  auto document = make_object();
  document->set("current", slot.current ? Var(document_of(*slot.current)) : Var());

  document->set("pending", Var());
  if (slot.pending) {
    auto pending = document_of(*slot.pending);
    pending->set("has_value", slot.pending->has_value);
    pending->set("discard", slot.pending->discard);
    document->set("pending", pending);
  }

  Poco::JSON::Array::Ptr previous = new Poco::JSON::Array;
  for (const auto& version : slot.previous) {
    auto replaced = document_of(version);
    replaced->set("retire_after", version.retire_after ? Var(*version.retire_after) : Var());
    replaced->set("retiring", version.retiring);
    previous->add(replaced);
  }
  document->set("previous", previous);
  return document;
}

/// The one way in which a secret leaves this program.
hub::Result<Answer> reveal(Session& session, Poco::JSON::Object::Ptr result) {
  const auto token = session.store().current(session.slot());
  if (!token) return token.error();
  const std::string value(token->reveal());
  result->set("value", value);
  return Answer{result, value + "\n"};
}

hub::Result<Answer> tokens(Session& session) {
  const bool revealing = session.line().has("--reveal");
  if (session.line().has("--remote")) {
    if (revealing)
      throw UsageError("--remote and --reveal exclude each other",
                       "The workspace shows a token once, when it is made; leave --remote out.");
    return run_operation(session, "list-tokens");
  }
  const auto slot = session.store().look(session.slot());
  if (!slot && slot.error().status != hub::Status::kNotFound) return slot.error();
  const auto result = document_of(slot ? *slot : hub::SlotSnapshot{});
  if (revealing) return reveal(session, result);
  return Answer{result, to_prose(*result)};
}

}  // namespace

const Command kTokens{
    .name = "tokens",
    .arguments = "CONNECTION",
    .summary = "show the connection's tokens in the store",
    .help =
        R"(Shows the current token, the pending one and those that were replaced: ids and times, no
values. Reads the store alone; with --remote it asks the workspace for the tokens of the service
principal. With --reveal current it prints the token itself and nothing else.

Examples:
  sample-host tokens prod
  sample-host tokens prod --remote
  sample-host tokens prod --reveal current | consumer --token-from-stdin
)",
    .options = kOptions,
    .run = tokens};

}  // namespace sample_host
