// The workspace's two APIs for the tokens of a principal.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "databricks/credential.hpp"
#include "databricks/workspace.hpp"

namespace databricks_token {

/// For one call of the hub. Each function is given what to sign in with. Errors are those of the
/// workspace's functions.
class TokenApi {
 public:
  virtual ~TokenApi() = default;

  /// The principal's id. FAILED_PRECONDITION with reason PRINCIPAL_UNKNOWN, PRINCIPAL_INACTIVE or
  /// PRINCIPAL_MISMATCH.
  virtual hub::Result<std::int64_t> owner(hub::Call call, const Credential& credential) = 0;

  virtual hub::Result<MintedToken> create(hub::Call call, const Credential& credential,
                                          const TokenRequest& request) = 0;

  /// Those of others too, where the API knows them; each with its owner_id.
  virtual hub::Result<std::vector<TokenInfo>> list(hub::Call call,
                                                   const Credential& credential) = 0;

  /// Nothing if it is gone.
  virtual hub::Result<std::optional<TokenInfo>> find(hub::Call call, const Credential& credential,
                                                     const std::string& token_id) = 0;

  /// OK also if it was gone already.
  virtual hub::Result<> revoke(hub::Call call, const Credential& credential,
                               const std::string& token_id) = 0;
};

/// By token management, for which the credential is an admin's. Borrows the workspace.
std::unique_ptr<TokenApi> tokens_on_behalf_of(Workspace& workspace, std::string application_id);

/// By /api/2.0/token, for which it is the principal's own. Each function first makes sure that it
/// is: to anybody else all of the principal's tokens are gone, so nothing that this API says of a
/// token could be believed. Borrows the workspace.
std::unique_ptr<TokenApi> own_tokens(Workspace& workspace, std::string application_id);

}  // namespace databricks_token
