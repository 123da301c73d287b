#pragma once

#include <hub/secret.hpp>

namespace databricks_token {

/// RFC 4648, as Basic authorization wants it; leaves no copy behind.
hub::Secret base64(const hub::Secret& plain);

}  // namespace databricks_token
