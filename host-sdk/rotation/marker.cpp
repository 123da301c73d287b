#include "marker.hpp"

#include <hub/rotation.hpp>

#include <regex>

#include "reasons.hpp"

namespace hub::rotation {
namespace {

constexpr std::string_view kPrefix = "hub:";
constexpr std::size_t kMaxCommentBytes = 255;

}  // namespace

std::optional<Marker> Marker::parse(std::string_view comment) {
  static const std::regex kMarker(
      "(?:^| )hub:([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})/([0-9a-f]{16})$");
  constexpr std::size_t kMarkerBytes = 1 + 4 + 36 + 1 + 16;
  // Only the end can match, and a comment is somebody else's text of any length.
  if (comment.size() > kMarkerBytes) comment.remove_prefix(comment.size() - kMarkerBytes);
  std::cmatch match;
  if (!std::regex_search(comment.data(), comment.data() + comment.size(), match, kMarker)) {
    return std::nullopt;
  }
  return Marker{match[1], match[2]};
}

std::string nonce_text(std::uint64_t nonce) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text(16, '0');
  for (auto digit = text.rbegin(); digit != text.rend(); ++digit, nonce >>= 4)
    *digit = kDigits[nonce & 15];
  return text;
}

std::string marked_comment(std::string_view user_part, const Marker& marker) {
  const std::string tail = std::string(kPrefix) + marker.slot_id + "/" + marker.nonce;
  const std::size_t room = kMaxCommentBytes - tail.size() - 1;
  if (user_part.size() > room) {
    std::size_t end = room;
    while (end > 0 && (static_cast<unsigned char>(user_part[end]) & 0xC0) == 0x80) --end;
    user_part = user_part.substr(0, end);
  }
  return user_part.empty() ? tail : std::string(user_part) + " " + tail;
}

bool is_marked(std::string_view comment, std::string_view slot_id) {
  const auto marker = Marker::parse(comment);
  return marker && marker->slot_id == slot_id;
}

Result<> check_comment(std::string_view comment) {
  if (comment.find(kPrefix) == std::string_view::npos) return {};
  // Its hint names no credential.
  return refusal({}, Status::kInvalidArgument, "COMMENT_INVALID",
                 "the comment contains \"hub:\", which begins the marker that is added to it");
}

}  // namespace hub::rotation
