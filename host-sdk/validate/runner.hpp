// Runs one check in a process of its own, with a limited time for each step.
#pragma once

#include <chrono>
#include <string>

#include "check.hpp"

namespace hub::validate {

struct Run {
  Verdict verdict;
  std::chrono::milliseconds took{0};
  bool was_run = true;  // false: what it needs did not pass
};

/// Ends the check when a step of it takes longer than `patience`. The caller has one thread. Throws
/// std::system_error when the system has no process for it.
Run run(const Check& check, const Subject& subject,
        std::chrono::milliseconds patience = std::chrono::minutes(1));

/// In a check: what it is about to do, for when it does not survive that.
void about_to(const std::string& step);

/// In a check: what was written to stdout and stderr since its process began.
std::string written();

}  // namespace hub::validate
