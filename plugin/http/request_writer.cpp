#include "http/request_writer.hpp"

#include <algorithm>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace databricks_token {
namespace {

/// Whether `text` stays within its line and its word, or with `spaces` within its line.
bool is_printable(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(),
                     [spaces](char c) { return (c > ' ' || (spaces && c == ' ')) && c <= '~'; });
}

hub::Error invalid(const std::string& reason, const std::string& what, const std::string& hint) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = reason,
          .message = what + " holds characters that no HTTP header may have",
          .hint = hint};
}

}  // namespace

hub::Result<hub::Secret> write_request(const Origin& origin, const std::string& user_agent,
                                       const HttpRequest& request) {
  if (!is_printable(request.method, false) || !is_printable(request.target, false) ||
      !is_printable(request.content_type, true) ||
      !is_printable(user_agent + request.user_agent, true))
    return invalid("HEADER_INVALID", "the request",
                   "Take line breaks and control characters out of its values.");
  const bool credential_is_printable =
      (request.bearer == nullptr || is_printable(request.bearer->reveal(), false)) &&
      std::all_of(
          request.secret_headers.begin(), request.secret_headers.end(),
          [](const SecretHeader& each) { return is_printable(each.value->reveal(), true); });
  if (!credential_is_printable) {
    return invalid("CREDENTIAL_INVALID", "the credential",
                   "Check how it is stored: a line break at its end, perhaps?");
  }
  std::string host = origin.authority();
  if (origin.port == 443) host.erase(host.rfind(':'));

  std::vector<std::string_view> parts;
  parts.reserve(32);  // more than most requests have
  const auto add = [&parts](std::initializer_list<std::string_view> more) {
    parts.insert(parts.end(), more);
  };
  add({request.method, " ", request.target, " HTTP/1.1\r\nHost: ", host,
       "\r\nUser-Agent: ", user_agent});
  if (!request.user_agent.empty()) add({" ", request.user_agent});
  add({"\r\nAccept: application/json\r\n"});
  if (request.bearer != nullptr) add({"Authorization: Bearer ", request.bearer->reveal(), "\r\n"});
  for (const SecretHeader& header : request.secret_headers)
    add({header.name, ": ", header.value->reveal(), "\r\n"});
  if (!request.content_type.empty()) add({"Content-Type: ", request.content_type, "\r\n"});
  const std::string length = std::to_string(request.body.size());
  if (!request.content_type.empty() || request.method != "GET")
    add({"Content-Length: ", length, "\r\n"});
  add({"\r\n", request.body});

  std::size_t size = 0;
  for (const std::string_view part : parts) size += part.size();
  hub::Secret bytes;
  bytes.reserve(size);  // it is copied nowhere else
  for (const std::string_view part : parts) bytes.append(part);
  return bytes;
}

}  // namespace databricks_token
