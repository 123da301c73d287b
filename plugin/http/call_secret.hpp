// Secrets of the call that the transport itself needs.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <string>

namespace databricks_token {

/// What the host has to say of a secret that it does not hand out is its error, as it is: the host
/// adds the texts. Only its refusals become FAILED_PRECONDITION with `reason`, since
/// PERMISSION_DENIED and UNAUTHENTICATED of a request are what the server says of its bearer.
inline hub::Result<hub::Secret> secret_of(hub::Call call, const std::string& name,
                                          const std::string& reason) {
  auto secret = call.secret(name);
  if (secret || (secret.error().status != hub::Status::kPermissionDenied &&
                 secret.error().status != hub::Status::kUnauthenticated))
    return secret;
  return hub::Error{
      .status = hub::Status::kFailedPrecondition,
      .reason = reason,
      .message = "the host does not hand out the secret \"" + name + '"',
      .hint = "Grant it in the connection's manifest; where it is kept nobody else may read it."};
}

}  // namespace databricks_token
