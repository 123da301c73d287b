// Who we say that we are.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

namespace databricks_token {

/// "key/value" as the Databricks SDKs write it in their User-Agent (databricks-sdk-go useragent/):
/// what is neither an ASCII letter nor a digit nor one of "_.+-" becomes '-', and an empty part is
/// one '-'.
inline std::string user_agent_part(std::string_view key, std::string_view value) {
  const auto clean = [](std::string_view text) {
    std::string part(text.empty() ? "-" : text);
    std::replace_if(
        part.begin(), part.end(),
        [](char c) {
          return !((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                   std::string_view("_.+-").find(c) != std::string_view::npos);
        },
        '-');
    return part;
  };
  return clean(key) + '/' + clean(value);
}

}  // namespace databricks_token
