#include "operations/lifetime.hpp"

#include <algorithm>
#include <regex>
#include <string_view>

#include "databricks/reasons.hpp"

namespace databricks_token {
namespace {

constexpr std::int64_t kMinute = 60, kHour = 60 * kMinute, kDay = 24 * kHour, kWeek = 7 * kDay;

hub::Error unreadable(std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = "LIFETIME_UNREADABLE",
          .message = std::move(message),
          .hint = std::string(find_reason("LIFETIME_UNREADABLE")->hint)};
}

}  // namespace

hub::Result<std::int64_t> read_lifetime(const std::string& text) {
  // No minutes in the short form: 90m could be months. At most eight digits, so that no sum
  // overflows.
  static const std::regex kShort("([0-9]{1,8})([dh])");
  static const std::regex kWeeks("P([0-9]{1,8})W");
  static const std::regex kIso(
      "P(?:([0-9]{1,8})D)?(?:T(?=[0-9])(?:([0-9]{1,8})H)?(?:([0-9]{1,8})M)?(?:([0-9]{1,8})S)?)?");
  const bool is_bare =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (is_bare) {
    return unreadable("the lifetime " + text.substr(0, 20) +
                      " has no unit: 129600, meant as 90 days in minutes, were 36 hours");
  }
  std::smatch parts;
  const auto number = [&](std::size_t part) -> std::int64_t {
    return parts[part].matched ? std::stoll(parts[part]) : 0;
  };
  if (std::regex_match(text, parts, kShort)) return number(1) * (parts[2] == "d" ? kDay : kHour);
  if (std::regex_match(text, parts, kWeeks)) return number(1) * kWeek;
  if (text != "P" && std::regex_match(text, parts, kIso))
    return number(1) * kDay + number(2) * kHour + number(3) * kMinute + number(4);
  return unreadable("the lifetime is no duration");
}

}  // namespace databricks_token
