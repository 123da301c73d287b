#include "commands/command.hpp"
#include "json.hpp"
#include "session.hpp"

namespace sample_host {
namespace {

hub::Result<Answer> list(Session& session) {
  auto result = make_object();
  Poco::JSON::Array::Ptr connections = new Poco::JSON::Array;
  std::string text;
  for (const auto& manifest : session.configuration().connections()) {
    auto connection = make_object();
    connection->set("name", manifest.name());
    connection->set("connector", manifest.connector());
    connection->set("file", manifest.file().string());
    connections->add(connection);
    text += manifest.name() + "  " + manifest.connector() + "  " + manifest.file().string() + "\n";
  }
  result->set("connections", connections);
  return Answer{result, text.empty() ? "no connection is configured\n" : text};
}

}  // namespace

const Command kList{.name = "list",
                    .arguments = "",
                    .summary = "name the connections, their connectors and manifests",
                    .help = R"(Reads the configuration and all manifests, and nothing else.

Example:
  sample-host list
)",
                    .options = {},
                    .run = list};

}  // namespace sample_host
