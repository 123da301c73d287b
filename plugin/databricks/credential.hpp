// What a request to a workspace signs in with.
#pragma once

#include <hub/secret.hpp>

#include <span>

#include "http/client.hpp"

namespace databricks_token {

/// A view: who made it keeps what is behind it. Implicit, for most credentials are but a bearer.
struct Credential {
  Credential(const hub::Secret& token, std::span<const SecretHeader> more = {})
      : bearer(token), headers(more) {}

  const hub::Secret& bearer;
  std::span<const SecretHeader> headers;  // besides "Authorization: Bearer"
};

}  // namespace databricks_token
