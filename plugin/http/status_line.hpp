// The first line of an answer.
#pragma once

#include <optional>
#include <string_view>

namespace databricks_token {

/// 200 of "HTTP/1.1 200 OK" or "HTTP/1.1 200", or nothing. Read here: Poco's HTTPResponse holds its
/// status in an enum that ends at 511, and others are answered too.
inline std::optional<int> status_of_line(std::string_view line) {
  if (!line.starts_with("HTTP/1.") || line.size() < 12 || line[8] != ' ' ||
      (line.size() > 12 && line[12] != ' '))
    return std::nullopt;
  int status = 0;
  for (const char digit : line.substr(9, 3)) {
    if (digit < '0' || digit > '9') return std::nullopt;
    status = status * 10 + (digit - '0');
  }
  if (status < 100 || status > 599) return std::nullopt;
  return status;
}

}  // namespace databricks_token
