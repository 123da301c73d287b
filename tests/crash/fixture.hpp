// What the tests of this program begin with.
#pragma once

#include "crash/world.hpp"

namespace crash {

/// The one of this process.
World& the_world();

}  // namespace crash
