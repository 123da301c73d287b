// What time is measured with.
#pragma once

#include <chrono>
#include <functional>

namespace databricks_token {

/// Monotonic, from any beginning. Thread-safe.
using Clock = std::function<std::chrono::nanoseconds()>;

}  // namespace databricks_token
