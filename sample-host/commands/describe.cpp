#include "commands/command.hpp"
#include "json.hpp"
#include "session.hpp"

namespace sample_host {
namespace {

/// A line "name  summary" for each member of one part of the description.
std::string lines_of(const Poco::JSON::Object& document, const std::string& part) {
  std::string text = part + ":\n";
  const auto members = document.getObject(part);
  for (const auto& name : members->getNames())
    text += "  " + name + "  " + members->getObject(name)->getValue<std::string>("summary") + "\n";
  return text;
}

hub::Result<Answer> describe(Session& session) {
  const auto document = parse_object(session.connector().description());
  return Answer{document, document->getValue<std::string>("id") + " " +
                              document->getValue<std::string>("version") + ": " +
                              document->getValue<std::string>("summary") + "\n" +
                              lines_of(*document, "operations") + lines_of(*document, "secrets") +
                              lines_of(*document, "reasons")};
}

}  // namespace

const Command kDescribe{
    .name = "describe",
    .arguments = "CONNECTION",
    .summary = "say what the connection's connector can do",
    .help =
        R"(Loads the connector and prints its description: operations, configuration, secrets, reasons.
With --json the whole document, JSON Schemas included. Neither credentials nor the store are read.

Examples:
  sample-host describe prod
  sample-host --json describe prod
)",
    .options = {},
    .run = describe};

}  // namespace sample_host
