#include "commands/command.hpp"

#include <array>

namespace sample_host {

std::span<const Command* const> commands() {
  static constexpr std::array kCommands = {
      &kList,       &kDescribe,    &kCheck, &kCreateToken, &kRotateToken, &kRollbackToken,
      &kAdoptToken, &kRevokeToken, &kSweep, &kTokens,      &kInvoke,      &kHelp};
  return kCommands;
}

std::span<const Option> global_options() {
  static constexpr std::array kOptions = {
      Option{"--config", "FILE", "the host's configuration"},
      Option{"--json", "", "print one JSON document on stdout and nothing else"},
  };
  return kOptions;
}

}  // namespace sample_host
