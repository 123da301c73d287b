// What tells one secret from another and is none.
#pragma once

#include <hub/secret.hpp>

#include <string>

namespace databricks_token {

/// SHA-256, 64 lower-case hex digits.
std::string sha256_hex(const hub::Secret& secret);

}  // namespace databricks_token
