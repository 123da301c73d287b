// JSON as manifests, requests and descriptions must be: RFC 8259 and nothing more, no key twice,
// with the line of each value.
#pragma once

#include <Poco/Dynamic/Var.h>

#include <map>
#include <string>
#include <string_view>

namespace hub {

struct LocatedJson {
  Poco::Dynamic::Var value;  // Poco::JSON::Object::Ptr, Array::Ptr, or a scalar; empty: null
  std::map<std::string, int> lines;  // by JSON pointer; of a member, where its key stands

  /// The line of `pointer` or, where nothing stands there, of what would hold it.
  int line_of(std::string pointer) const;
};

/// Throws Refused, JSON_INVALID, with the line: malformed text or UTF-8, a key twice, a number
/// beyond 64 bits, a NUL in a string, more than 64 levels. `file` is what the refusal names.
LocatedJson parse_strict_json(std::string_view text, const std::string& file);

/// Refuses what parse_strict_json does, and keeps nothing; whether it is an object.
bool check_strict_json(std::string_view text, const std::string& file);

/// `pointer` extended by a member's key or an element's index.
std::string pointer_below(std::string_view pointer, std::string_view key);

}  // namespace hub
