// The dates of HTTP headers.
#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace databricks_token {

/// Reads "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7); nothing if it is no such date.
std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text);

}  // namespace databricks_token
