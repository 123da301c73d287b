// A lifetime with its unit, as people write it.
#pragma once

#include <hub/error.hpp>

#include <cstdint>
#include <string>

namespace databricks_token {

/// Seconds of "90d", "12h" or an ISO 8601 duration without years and months, such as "P90D" or
/// "PT2160H". A number without a unit is refused, for everybody reads another one into it: 129600,
/// meant as 90 days in minutes, were 36 hours (terraform-provider-databricks issue 1502).
/// INVALID_ARGUMENT, LIFETIME_UNREADABLE.
hub::Result<std::int64_t> read_lifetime(const std::string& text);

}  // namespace databricks_token
