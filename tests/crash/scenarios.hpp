#pragma once

#include <vector>

#include "crash/trial.hpp"

namespace crash {

const std::vector<Scenario>& scenarios();

}  // namespace crash
