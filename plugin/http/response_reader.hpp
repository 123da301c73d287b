// HTTP/1.1 answers from a connection.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <chrono>

#include "http/client.hpp"
#include "http/connection.hpp"

namespace databricks_token {

struct Answer {
  HttpResponse response;
  std::chrono::seconds reusable_for{0};  // the connection can take another request; 0: it cannot
};

/// Reads one final answer and skips interim ones (1xx). It is read strictly, and here: Poco takes a
/// body that was cut for a whole one, loops for ever over a chunked trailer that was cut, and does
/// not mind a space before a field's colon.
///
/// CONNECTION_LOST, RESPONSE_INVALID, RESPONSE_TOO_LARGE, DEADLINE_EXCEEDED, CANCELLED; the effect
/// is unknown. The caller holds shut_down_on_cancel.
hub::Result<Answer> read_answer(hub::Call call, const Origin& origin, Connection& connection);

}  // namespace databricks_token
