#include "command_line.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <numeric>
#include <regex>
#include <sstream>
#include <utility>

namespace sample_host {
namespace {

const std::string kSeeHelp = "`sample-host help` lists the commands and options.";

std::string see_help(const Command& command) {
  return "`sample-host help " + std::string(command.name) + "` shows how it is called.";
}

bool looks_like_a_token(const std::string& argument) {
  static const std::regex kToken("(^|[=:])(dapi|dose).|(dapi|dose)[0-9a-f]{8}");
  return std::regex_search(argument, kToken);
}

std::vector<std::string> words(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

/// How many letters to insert, delete or replace to make `right` of `left`.
std::size_t distance(std::string_view left, std::string_view right) {
  std::vector<std::size_t> row(right.size() + 1);
  std::iota(row.begin(), row.end(), 0U);
  for (std::size_t i = 0; i < left.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < right.size(); ++j) {
      const std::size_t replaced = diagonal + (left[i] == right[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

/// An option of `command`, if there is one yet, or of the whole program.
const Option& find_option(const Command* command, std::string_view name) {
  std::vector<std::string_view> names;
  const auto own = command == nullptr ? std::span<const Option>{} : command->options;
  for (const auto& options : {global_options(), own})
    for (const Option& option : options) {
      if (option.name == name) return option;
      names.push_back(option.name);
    }
  const std::string whose = command == nullptr ? "" : " of " + std::string(command->name);
  throw UsageError("unknown option" + shown(name) + whose + nearest(name, names),
                   command == nullptr ? "A command's own options stand behind it. " + kSeeHelp
                                      : see_help(*command));
}

}  // namespace

std::string shown(std::string_view argument) {
  constexpr std::size_t kLongestName = 64;  // of a connection, by its schema
  const bool is_name =
      argument.size() <= kLongestName && std::ranges::all_of(argument, [](unsigned char c) {
        return std::isalnum(c) || c == '-' || c == '_' || c == '.';
      });
  return is_name ? " '" + std::string(argument) + "'" : "";
}

std::string nearest(std::string_view name, std::span<const std::string_view> names) {
  const auto away = [&](std::string_view other) -> std::size_t {
    return name.size() >= 3 && other.starts_with(name) ? 0 : distance(name, other);
  };
  const auto best = std::ranges::min_element(names, {}, away);
  if (best == names.end()) return "";
  const bool close = away(*best) <= std::max<std::size_t>(2, best->size() / 3);
  return close ? ", did you mean '" + std::string(*best) + "'?" : "";
}

const Command& command_named(const std::string& name) {
  std::vector<std::string_view> names;
  for (const Command* command : commands()) {
    if (command->name == name) return *command;
    names.push_back(command->name);
  }
  throw UsageError("unknown command" + shown(name) + nearest(name, names), kSeeHelp);
}

CommandLine::CommandLine(const std::vector<std::string>& arguments) {
  // First of all, for what a later message says may repeat an argument.
  if (std::ranges::any_of(arguments, looks_like_a_token))
    throw UsageError("an argument looks like a token, and every user of this machine can read it",
                     "Revoke that token. A secret belongs in a file or an environment variable "
                     "that the connection's manifest names: \"file:PATH\" or \"env:NAME\".");

  for (auto next = arguments.begin(); next != arguments.end();) {
    const std::string& argument = *next++;
    if (argument == "--help" || argument == "-h") {
      if (command_ != nullptr) arguments_ = {std::string(command_->name)};
      command_ = &kHelp;
    } else if (argument.starts_with("-") && argument != "-") {
      const auto equals = argument.find('=');
      const Option& option = find_option(command_, argument.substr(0, equals));
      std::optional<std::string> value;
      if (equals != std::string::npos)
        value = argument.substr(equals + 1);
      else if (!option.value.empty() && next != arguments.end() && !next->starts_with("-"))
        value = *next++;
      add_option(option, value);
    } else if (command_ == nullptr) {
      command_ = &command_named(argument);
    } else if (arguments_.size() < words(command_->arguments).size()) {
      arguments_.push_back(argument);
    } else {
      throw UsageError(std::string(command_->name) + " was given an argument too many",
                       see_help(*command_));
    }
  }

  if (command_ == nullptr) throw UsageError("no command was given", kSeeHelp);
  const auto wanted = words(command_->arguments);
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (argument(i).empty() && !wanted[i].starts_with('['))
      throw UsageError(std::string(command_->name) + " was given no " + wanted[i],
                       wanted[i] == "CONNECTION" ? "`sample-host list` names the connections."
                                                 : see_help(*command_));
}

void CommandLine::add_option(const Option& option, const std::optional<std::string>& value) {
  const std::string name(option.name);
  if (option.value.empty() && value) throw UsageError(name + " takes no value", "Write it alone.");
  if (!option.value.empty() && value.value_or("").empty())
    throw UsageError(name + " needs a value",
                     "Write " + name + " " + std::string(option.value) + ".");
  const std::string choices = "|" + std::string(option.value) + "|";
  if (value && std::islower(option.value.front()) &&
      (value->find('|') != value->npos || choices.find("|" + *value + "|") == choices.npos))
    throw UsageError(name + " takes no such value",
                     "Write " + name + " " + std::string(option.value) + ".");
  if (!options_.emplace(name, value.value_or("")).second)
    throw UsageError(name + " is given twice", "Give it once.");
}

std::string_view CommandLine::value(std::string_view option, std::string_view otherwise) const {
  const auto found = options_.find(option);
  return found == options_.end() ? otherwise : std::string_view(found->second);
}

}  // namespace sample_host
