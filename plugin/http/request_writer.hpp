// HTTP/1.1 requests as bytes.
#pragma once

#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <string>

#include "http/client.hpp"

namespace databricks_token {

/// Head and body in one piece, which wipes itself: it holds the bearer. Nothing of it can add a
/// header: HEADER_INVALID, CREDENTIAL_INVALID. No compression is asked for.
hub::Result<hub::Secret> write_request(const Origin& origin, const std::string& user_agent,
                                       const HttpRequest& request);

}  // namespace databricks_token
