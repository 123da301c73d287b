// How a run ended, and how that is told: on stdout and stderr, and by the exit code.
#pragma once

#include "commands/command.hpp"

#include <hub/host.hpp>

#include <optional>
#include <string>

namespace sample_host {

/// The exit codes; where several would fit, the first of kMisused, kEffectUnknown, kRetryable,
/// kFailed counts.
enum ExitCode : int {
  kDone = 0,
  kFailed = 1,         // for good: nothing changes until somebody changes something
  kMisused = 2,        // the command line or the configuration is wrong
  kRetryable = 3,      // worth another try
  kEffectUnknown = 4,  // the remote side may have changed
};

struct Outcome {
  std::optional<std::string> connection{};
  std::optional<std::string> operation{};  // none before one began
  hub::Result<Answer> answer = Answer{};
  bool misused = false;   // the error is one of usage or configuration
  hub::Location where{};  // and this is what has to be changed
};

ExitCode exit_code(const Outcome& outcome);

/// Prints the answer to stdout, an error to stderr; with `json` one document to stdout, whatever it
/// is. False if that could not be written.
bool print(const Outcome& outcome, bool json);

}  // namespace sample_host
