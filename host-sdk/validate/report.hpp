// What was found, for people and for programs.
#pragma once

#include <ostream>
#include <vector>

#include "check.hpp"
#include "runner.hpp"

namespace hub::validate {

struct Finding {
  const Check* check;
  Run run;
};

/// "passed", "warned", "skipped", "failed", "crashed"
const char* to_text(Outcome outcome);

/// Whether it makes the connector one that does not conform.
bool is_bad(Outcome outcome);

void print_list(std::ostream& out, const Checks& checks, bool json);
void print_report(std::ostream& out, const Subject& subject, const std::vector<Finding>& findings,
                  bool json);

}  // namespace hub::validate
