// Access tokens by the client-credentials grant (RFC 6749 section 4.4).
//
// The request changes nothing, so it is repeated when the server is busy or lost the connection:
// three times at most, within the call's deadline. All errors have effect none. What the server
// answers is shown as its error's code and description, quoted; never a token, never a secret.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <string>

#include "databricks/access_tokens.hpp"
#include "http/client.hpp"

namespace databricks_token {

/// Who asks; borrowed.
struct OauthClient {
  const std::string& id;
  const hub::Secret& secret;
};

/// Of the workspace itself, for all of its APIs, at the token endpoint that
/// /oidc/.well-known/oauth-authorization-server names, with client_secret_basic
/// (databricks-sdk-go config/auth_m2m.go). The endpoint must be on the workspace's own origin, for
/// it is given the secret. `workspace` is a client for that origin.
/// OAUTH_UNSUPPORTED, OAUTH_ENDPOINT_INVALID and the reasons below.
hub::Result<Grant> ask_workspace(hub::Call call, HttpClient& workspace, const OauthClient& client);

/// Of Microsoft Entra, at {authority}/{tenant}/oauth2/v2.0/token, for `scope`; the client's secret
/// is in the form, as in the Databricks SDKs.
/// OAUTH_CLIENT_REFUSED, OAUTH_CLIENT_UNKNOWN, OAUTH_SECRET_EXPIRED, OAUTH_TENANT_UNKNOWN,
/// OAUTH_RESOURCE_UNKNOWN, OAUTH_ACCESS_BLOCKED, OAUTH_REFUSED, OAUTH_UNAVAILABLE,
/// OAUTH_ANSWER_INVALID, and the transport's.
hub::Result<Grant> ask_entra(hub::Call call, HttpClient& authority, const std::string& tenant,
                             const OauthClient& client, const std::string& scope);

}  // namespace databricks_token
