// The marker: the end of each comment that we write, by which a credential is known as one slot's.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace hub::rotation {

/// "hub:<slot id>/<nonce>".
struct Marker {
  std::string slot_id;  // a lower-case UUID
  std::string nonce;    // 16 lower-case hex

  /// The marker at the very end of `comment`, after a space or alone.
  static std::optional<Marker> parse(std::string_view comment);
};

/// 16 lower-case hex digits.
std::string nonce_text(std::uint64_t nonce);

/// The user's part, cut at a code point so that the whole is at most 255 bytes of UTF-8, one space,
/// and the marker.
std::string marked_comment(std::string_view user_part, const Marker& marker);

}  // namespace hub::rotation
