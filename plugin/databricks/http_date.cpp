#include "databricks/http_date.hpp"

#include <Poco/DateTime.h>
#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/DateTimeParser.h>

namespace databricks_token {

std::optional<std::chrono::system_clock::time_point> parse_http_date(const std::string& text) {
  const std::string& format = Poco::DateTimeFormat::HTTP_FORMAT;
  Poco::DateTime date;
  int zone = 0;
  // Poco's parser skips what it does not understand; only what it would write itself is a date.
  if (!Poco::DateTimeParser::tryParse(format, text, date, zone) ||
      Poco::DateTimeFormatter::format(date, format) != text) {
    return std::nullopt;
  }
  return std::chrono::system_clock::time_point(
      std::chrono::microseconds(date.timestamp().epochMicroseconds()));
}

}  // namespace databricks_token
