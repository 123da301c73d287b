// What a workspace, or whatever answers in its place, says when it does not do what was asked.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "databricks/credential.hpp"
#include "http/client.hpp"

namespace databricks_token {

struct ErrorBody {
  /// A JSON object with a code or a message: Databricks' own word, not a proxy's.
  bool json = false;
  /// A page for people: it begins with "<".
  bool html = false;
  /// "PERMISSION_DENIED", "403" (numbers are real, databricks-sdk-go issue 1046), "SCIM_404" or
  /// empty. Never made up from a status.
  std::string code;
  /// As it came, so not fit for show: see quoted().
  std::string message;
  std::string request_id;
  std::int64_t retry_after_ms = 0;  // 1 s .. 10 min, 0 if it did not say
};

/// Reads the shapes that databricks-sdk-go (apierr/errors.go) and databricks-sdk-py
/// (errors/deserializer.py) know, in their order. Whatever the bytes are, there is an answer.
ErrorBody read_error_body(const HttpResponse& response);

/// `text` for a message: valid UTF-8 on one line, at most 300 bytes, without what `credential` is
/// made of and whatever looks like a Databricks credential. The host masks secrets that it handed
/// out; an access token it never saw.
std::string quoted(std::string_view text, const Credential& credential);

}  // namespace databricks_token
