// Writing JSON.
#pragma once

#include <rapidjson/stringbuffer.h>
#include <rapidjson/writer.h>

#include <cstdint>
#include <string>
#include <string_view>

namespace hub::rotation {

using Writer = rapidjson::Writer<rapidjson::StringBuffer>;

/// What `write` writes.
template <class Write>
std::string written(Write write) {
  rapidjson::StringBuffer text;
  Writer writer(text);
  write(writer);
  return {text.GetString(), text.GetSize()};
}

inline void write_text(Writer& writer, std::string_view text) {
  writer.String(text.data(), static_cast<rapidjson::SizeType>(text.size()));
}

inline void write_key(Writer& writer, std::string_view key) {
  writer.Key(key.data(), static_cast<rapidjson::SizeType>(key.size()));
}

inline void write(Writer& writer, std::string_view key, std::string_view value) {
  write_key(writer, key);
  write_text(writer, value);
}

inline void write(Writer& writer, std::string_view key, std::int64_t value) {
  write_key(writer, key);
  writer.Int64(value);
}

}  // namespace hub::rotation
