#include "databricks/error_body.hpp"

#include <Poco/NumberParser.h>
#include <Poco/String.h>
#include <Poco/TextIterator.h>
#include <Poco/UTF8Encoding.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "databricks/http_date.hpp"
#include "databricks/json.hpp"

namespace databricks_token {
namespace {

constexpr std::size_t kMaxQuoted = 300;
constexpr std::string_view kRedacted = "**REDACTED**";

bool is_word(char c) {
  return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
         c == '-' || c == '.';
}

/// Personal access tokens, OAuth secrets of service principals, and JWTs.
bool looks_secret(std::string_view word) {
  constexpr std::size_t kShortest = 12;
  return word.size() >= kShortest &&
         (word.starts_with("dapi") || word.starts_with("dose") || word.starts_with("eyJ"));
}

void redact(std::string& text, const hub::Secret& secret) {
  if (secret.empty()) return;
  for (std::size_t at = 0; (at = text.find(secret.reveal(), at)) != std::string::npos;
       at += kRedacted.size())
    text.replace(at, secret.size(), kRedacted);
}

std::string redacted(std::string_view text, const Credential& credential) {
  std::string clean(text);
  redact(clean, credential.bearer);
  for (const SecretHeader& header : credential.headers) redact(clean, *header.value);
  for (std::size_t begin = 0; begin < clean.size(); ++begin) {
    std::size_t end = begin;
    while (end < clean.size() && is_word(clean[end])) ++end;
    if (looks_secret(std::string_view(clean).substr(begin, end - begin))) {
      clean.replace(begin, end - begin, kRedacted);
      end = begin + kRedacted.size();
    }
    begin = end;
  }
  return clean;
}

/// google.rpc.Duration in JSON, "42.0000000012s", or a Retry-After in seconds, whole or not.
std::optional<std::int64_t> milliseconds(std::string text) {
  if (text.ends_with('s')) text.pop_back();
  double seconds = 0;
  if (!Poco::NumberParser::tryParseFloat(text, seconds) || !(seconds >= 0)) return std::nullopt;
  return static_cast<std::int64_t>(std::min(seconds, 1e6) * 1000);
}

std::int64_t retry_after(const HttpResponse& response, const std::string& delay_in_body) {
  using std::chrono::milliseconds;
  constexpr std::int64_t kShortest = 1000, kLongest = 600'000;

  const std::string header = response.headers.get("Retry-After", delay_in_body);
  auto wait = databricks_token::milliseconds(header);
  if (const auto until = parse_http_date(header)) {
    // Both dates are the server's, if it sends its own, so that no two clocks are compared.
    const auto now = parse_http_date(response.headers.get("Date", ""));
    wait = std::chrono::duration_cast<milliseconds>(*until -
                                                    now.value_or(std::chrono::system_clock::now()))
               .count();
  }
  return wait ? std::clamp(*wait, kShortest, kLongest) : 0;
}

/// What is between <tag> and </tag>, trimmed of spaces and dots as databricks-sdk-go does.
std::optional<std::string> element(const std::string& html, const std::string& tag) {
  const std::size_t open = Poco::isubstr(html, "<" + tag + ">");
  if (open == std::string::npos) return std::nullopt;
  std::string content = html.substr(open + tag.size() + 2);
  content.resize(std::min(content.size(), Poco::isubstr(content, "</" + tag + ">")));
  constexpr const char* kTrimmed = " .\t\r\n";
  const std::size_t first = content.find_first_not_of(kTrimmed);
  if (first == std::string::npos) return std::nullopt;
  return content.substr(first, content.find_last_not_of(kTrimmed) + 1 - first);
}

std::string code_of(const JsonObject& body) {
  try {
    return body.text("error_code").value_or("");
  } catch (const WrongShape&) {
    return std::to_string(*body.integer("error_code"));
  }
}

/// Details tell more of an error and are no part of what it means: one that is malformed is
/// skipped.
void read_details(const JsonObject& body, ErrorBody& read, std::string& delay) {
  try {
    for (const JsonObject& detail : body.objects("details")) {
      const std::string type = detail.text("@type").value_or("");
      if (type.ends_with("google.rpc.RequestInfo") && read.request_id.empty())
        read.request_id = detail.text("request_id").value_or("");
      if (type.ends_with("google.rpc.RetryInfo")) delay = detail.text("retry_delay").value_or("");
    }
  } catch (const WrongShape&) {
  }
}

/// Nothing if the object says neither code nor message: then it is not of Databricks.
bool read_object(const JsonObject& body, ErrorBody& read) {
  try {
    read.code = code_of(body);
    read.message = body.text("message").value_or("");
    if (const auto api_1_2 = body.text("error")) read.message = *api_1_2;
    if (const auto detail = body.text("detail"); detail && read.message.empty()) {
      read.message = *detail == "null" ? "SCIM API Internal Error" : *detail;
      if (const auto type = body.text("scimType")) read.message = *type + " " + read.message;
      if (const auto status = body.integer("status"); status && read.code.empty())
        read.code = "SCIM_" + std::to_string(*status);
    }
    return !read.code.empty() || !read.message.empty();
  } catch (const WrongShape&) {
    return false;
  }
}

/// "CODE: message".
bool read_line(const std::string& body, ErrorBody& read) {
  const std::size_t colon = body.find(": ");
  const auto upper = [](char c) { return (c >= 'A' && c <= 'Z') || c == '_'; };
  if (colon == 0 || colon == std::string::npos ||
      !std::all_of(body.begin(), body.begin() + static_cast<std::ptrdiff_t>(colon), upper)) {
    return false;
  }
  read.code = body.substr(0, colon);
  read.message = body.substr(colon + 2);
  return true;
}

}  // namespace

ErrorBody read_error_body(const HttpResponse& response) {
  ErrorBody read;
  read.request_id = response.headers.get("X-Request-Id", "");
  std::string delay;

  const std::string body = Poco::trim(response.body);
  read.html = body.starts_with('<');
  if (const auto object = JsonObject::parse(body)) {
    ErrorBody said = read;
    if (read_object(*object, said)) {
      read = said;
      read.json = true;
      read_details(*object, read, delay);
    }
  } else if (read_line(body, read)) {
  } else if (const auto pre = element(body, "pre")) {
    read.message = *pre;
  } else if (const auto title = element(body, "title")) {
    read.message = *title;
  } else if (!body.empty() && std::string_view("{[\"<").find(body[0]) == std::string_view::npos) {
    // Broken JSON is not shown: it may be an answer with a token in it.
    read.message = body;
  }
  if (read.message.empty()) {
    read.message = response.headers.get("X-Databricks-Reason-Phrase", response.reason_phrase);
  }
  read.retry_after_ms = retry_after(response, delay);
  return read;
}

std::string quoted(std::string_view text, const Credential& credential) {
  constexpr std::string_view kMore = "...";
  const std::string clean = redacted(text, credential);
  const Poco::UTF8Encoding utf8;
  std::string quote;
  const Poco::TextIterator end(clean);
  for (Poco::TextIterator at(clean, utf8); at != end; ++at) {
    int point = *at;
    if (point < 0) point = '?';
    if (point < 0x20 || (point >= 0x7f && point < 0xa0)) point = ' ';
    if (point == ' ' && (quote.empty() || quote.back() == ' ')) continue;
    unsigned char bytes[4];
    const int size = utf8.convert(point, bytes, sizeof bytes);
    if (quote.size() + static_cast<std::size_t>(size) > kMaxQuoted - kMore.size())
      return quote.append(kMore);
    quote.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
  }
  return quote;
}

}  // namespace databricks_token
