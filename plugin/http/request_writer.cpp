#include "http/request_writer.hpp"

#include <algorithm>
#include <string_view>

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

  hub::Secret bytes(request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + host +
                    "\r\nUser-Agent: " + user_agent +
                    (request.user_agent.empty() ? "" : ' ' + request.user_agent) +
                    "\r\nAccept: application/json\r\n");
  if (request.bearer != nullptr) {
    bytes.append("Authorization: Bearer ");
    bytes.append(request.bearer->reveal());
    bytes.append("\r\n");
  }
  for (const SecretHeader& header : request.secret_headers) {
    bytes.append(header.name + ": ");
    bytes.append(header.value->reveal());
    bytes.append("\r\n");
  }
  if (!request.content_type.empty()) bytes.append("Content-Type: " + request.content_type + "\r\n");
  if (!request.content_type.empty() || request.method != "GET")
    bytes.append("Content-Length: " + std::to_string(request.body.size()) + "\r\n");
  bytes.append("\r\n");
  bytes.append(request.body);
  return bytes;
}

}  // namespace databricks_token
