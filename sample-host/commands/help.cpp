#include "commands/command.hpp"
#include "json.hpp"
#include "session.hpp"

#include <algorithm>
#include <vector>

namespace sample_host {
namespace {

/// Lines of a name and what it is, the latter aligned.
class Table {
 public:
  void add(std::string name, std::string_view meaning) {
    rows_.emplace_back(std::move(name), meaning);
  }
  std::string text() const {
    std::size_t width = 0;
    for (const auto& row : rows_) width = std::max(width, row.first.size());
    std::string text;
    for (const auto& [name, meaning] : rows_)
      text += "  " + name + std::string(width + 2 - name.size(), ' ') + std::string(meaning) + "\n";
    return text;
  }

 private:
  std::vector<std::pair<std::string, std::string_view>> rows_;
};

std::string with_value(const Option& option) {
  return std::string(option.name) + (option.value.empty() ? "" : " ") + std::string(option.value);
}

std::string table_of(std::span<const Option> options) {
  Table table;
  for (const Option& option : options) table.add(with_value(option), option.summary);
  return table.text();
}

std::string overview() {
  Table table;
  for (const Command* command : commands())
    table.add(std::string(command->name) + " " + std::string(command->arguments), command->summary);
  return "Makes, rotates and revokes the tokens of connections through connectors.\n\n"
         "usage: sample-host [--config FILE] [--json] COMMAND [CONNECTION] [options]\n\n" +
         table.text() + "\n" + table_of(global_options()) + R"(
Without --config the configuration is $XDG_CONFIG_HOME/sample-host/host.json (~/.config where that
is not set), else /etc/sample-host/host.json.

Exit codes: 0 done, 1 failed for good, 2 wrong usage or configuration, 3 worth another try,
4 the effect is unknown (run rotate-token, then sweep).

Examples:
  sample-host list
  sample-host check prod
  sample-host create-token prod
  sample-host --json rotate-token prod --when now
`sample-host help COMMAND` says more about one.
)";
}

std::string about(const Command& command) {
  std::string usage = "usage: sample-host " + std::string(command.name);
  if (!command.arguments.empty()) usage += " " + std::string(command.arguments);
  for (const Option& option : command.options) usage += " [" + with_value(option) + "]";
  return std::string(command.name) + ": " + std::string(command.summary) + "\n\n" + usage + "\n\n" +
         std::string(command.help) +
         (command.options.empty() ? "" : "\nOptions:\n" + table_of(command.options));
}

hub::Result<Answer> help(Session& session) {
  const std::string topic = session.line().argument(0);
  const std::string text = topic.empty() ? overview() : about(command_named(topic));
  auto result = make_object();
  result->set("help", text);
  return Answer{result, text};
}

}  // namespace

const Command kHelp{.name = "help",
                    .arguments = "[COMMAND]",
                    .summary = "explain the program or one of its commands",
                    .help = R"(Example:
  sample-host help rotate-token
)",
                    .options = {},
                    .run = help};

}  // namespace sample_host
