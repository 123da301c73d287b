// The commands that are harmed, and where each begins. Another one is a row; its counts are what a
// run prints.
#pragma once

#include <vector>

#include "crash/trial.hpp"

namespace crash {

/// Their counts are nine tenths of what there is.
const std::vector<Scenario>& scenarios();

}  // namespace crash
