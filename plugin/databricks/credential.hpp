// What a request to a workspace signs in with.
#pragma once

#include <hub/secret.hpp>

#include <span>
#include <string_view>

#include "databricks/user_agent.hpp"
#include "http/client.hpp"

namespace databricks_token {

/// A view: who made it keeps what is behind it. Implicit, for most credentials are but a bearer.
struct Credential {
  Credential(const hub::Secret& token, std::string_view auth_type = "pat",
             std::span<const SecretHeader> more = {})
      : bearer(token), type(auth_type), headers(more) {}

  /// `request` signed in with this.
  HttpRequest sign(HttpRequest request) const {
    request.bearer = &bearer;
    request.secret_headers.assign(headers.begin(), headers.end());
    request.user_agent = user_agent_part("auth", type);
    return request;
  }

  const hub::Secret& bearer;
  std::string_view type;                  // of auth, for the User-Agent
  std::span<const SecretHeader> headers;  // besides "Authorization: Bearer"
};

}  // namespace databricks_token
