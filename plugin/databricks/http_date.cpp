#include "databricks/http_date.hpp"

#include <locale.h>
#include <time.h>

#include <ctime>
#include <string_view>

namespace databricks_token {

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
  constexpr const char* kFormat = "%a, %d %b %Y %H:%M:%S GMT";
  // The process's own locale is the host's, and may name days in another language.
  static const locale_t kEnglish = ::newlocale(LC_ALL_MASK, "C", nullptr);
  std::tm date{};
  char written[64];
  // strptime takes more than was ever written; only what it would write itself is a date.
  if (::strptime_l(text.c_str(), kFormat, &date, kEnglish) == nullptr) return std::nullopt;
  const std::time_t seconds = ::timegm(&date);
  const std::size_t size = ::strftime_l(written, sizeof written, kFormat, &date, kEnglish);
  if (std::string_view(written, size) != text) return std::nullopt;
  return std::chrono::system_clock::from_time_t(seconds);
}

}  // namespace databricks_token
