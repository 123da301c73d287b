#pragma once

#include <hub/host.hpp>

#include <string>
#include <utility>

namespace hub {

/// Throws Refused with a message that begins with the place: "FILE:LINE: /pointer TEXT".
[[noreturn]] inline void refuse(Location where, Status status, std::string reason,
                                const std::string& text, std::string hint) {
  std::string message = where.file;
  if (where.line != 0) message += ":" + std::to_string(where.line);
  message += ": ";
  if (!where.path.empty()) message += where.path + " ";
  message += text;
  throw Refused(Error{.status = status,
                      .reason = std::move(reason),
                      .message = std::move(message),
                      .hint = std::move(hint)},
                std::move(where));
}

}  // namespace hub
