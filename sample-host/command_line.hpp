// The command line: sample-host [--config FILE] [--json] COMMAND [arguments] [options]
#pragma once

#include "commands/command.hpp"

#include <cstddef>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace sample_host {

/// The command line cannot be understood. Its text never repeats what could be a secret.
class UsageError : public std::runtime_error {
 public:
  UsageError(const std::string& message, std::string what_to_do)
      : std::runtime_error(message), hint(std::move(what_to_do)) {}

  std::string hint;
};

class CommandLine {
 public:
  /// `arguments` without the program's name. Throws UsageError.
  explicit CommandLine(const std::vector<std::string>& arguments);

  const Command& command() const { return *command_; }

  /// One of the command's arguments; empty where it was not given.
  std::string argument(std::size_t index) const {
    return index < arguments_.size() ? arguments_[index] : std::string();
  }

  bool has(std::string_view option) const { return options_.contains(option); }

  /// An option's value, or `otherwise` where it was not given.
  std::string_view value(std::string_view option, std::string_view otherwise = {}) const;

 private:
  void add_option(const Option& option, const std::optional<std::string>& value);

  const Command* command_ = nullptr;
  std::vector<std::string> arguments_;
  std::map<std::string, std::string, std::less<>> options_;
};

/// Throws UsageError, which names the nearest command, if there is none of that name.
const Command& command_named(const std::string& name);

/// An argument as a message may repeat it, " 'X'": what is too odd or too long for a name is left
/// out, for it could be a secret.
std::string shown(std::string_view argument);

/// ", did you mean X?" for the one of `names` that is nearest to `name`, or nothing.
std::string nearest(std::string_view name, std::span<const std::string_view> names);

}  // namespace sample_host
