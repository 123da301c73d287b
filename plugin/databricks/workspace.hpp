// A Databricks workspace as typed calls. Errors by errors.hpp.
//
// When the workspace throttles, is out of service or cannot be reached, a request is sent again, up
// to three times in all, within the call's deadline and a minute: after the wait that the workspace
// asked for, and from the second time on, or if it asked for none, after an exponential one with
// full jitter as well. A mint is sent again only if the request before made nothing for certain (a
// complete 429, or no byte was sent), and after a 429 as often as that time allows. A workspace
// that asks to wait is left alone by every Workspace of its Pace: what cannot wait so long is not
// sent and answers RATE_LIMITED.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "databricks/credential.hpp"
#include "databricks/pace.hpp"
#include "databricks/server_clock.hpp"
#include "http/client.hpp"

namespace databricks_token {

struct Asked;

/// AdminTokenInfo of the token management API (databricks-sdk-go service/settings/model.go,
/// TokenInfo). Times are milliseconds since 1970. Ids are int64 on the wire and may pass 2^53.
struct TokenInfo {
  std::string token_id;
  std::int64_t creation_time = 0;  // 0: the workspace did not say
  std::int64_t expiry_time = -1;   // -1: none, or the workspace did not say
  std::string comment;
  std::int64_t created_by_id = 0;
  std::string created_by_username;
  std::int64_t owner_id = 0;  // the principal's numeric SCIM id; 0: the workspace did not say
  std::optional<std::int64_t> last_used_day;
  std::optional<std::vector<std::string>> scopes;  // nothing: the workspace did not say
};

struct MintedToken {
  hub::Secret value;
  TokenInfo info;
};

struct TokenRequest {
  std::string application_id;         // of the principal; not sent if it is the caller itself
  std::int64_t lifetime_seconds = 0;  // > 0, always sent
  std::string comment;
  std::optional<std::vector<std::string>> scopes;  // nothing: not sent
};

/// SCIM Me: whom a credential stands for. For a service principal user_name is its application id.
struct Identity {
  std::int64_t id = 0;
  std::string user_name;
  bool active = true;
};

struct ServicePrincipal {
  std::int64_t id = 0;
  std::string application_id;
  std::string display_name;
  bool active = true;
};

/// What the workspace says of tokens in general. Nothing where it does not say.
struct TokenPolicy {
  std::optional<bool> tokens_enabled;             // enableTokensConfig
  std::optional<std::int64_t> max_lifetime_days;  // maxTokenLifetimeDays
};

/// Thread-safe. Each function takes the credential to use, which it does not keep.
class Workspace {
 public:
  /// `pace` is the origin's, shared by all who call it in this process.
  Workspace(std::shared_ptr<HttpClient> client, std::shared_ptr<Pace> pace,
            std::shared_ptr<ServerClock> clock = std::make_shared<ServerClock>());

  const Origin& origin() const { return client_->origin(); }

  /// POST /api/2.0/token-management/on-behalf-of/tokens. A complete 4xx with Databricks' JSON has
  /// effect none; what was sent and not answered so has effect unknown (UNKNOWN_MINT).
  hub::Result<MintedToken> create_on_behalf_of(hub::Call call, const Credential& admin,
                                               const TokenRequest& request);

  /// GET /api/2.0/token-management/tokens: all of the workspace; there is no owner filter.
  hub::Result<std::vector<TokenInfo>> list_tokens(hub::Call call, const Credential& admin);

  /// GET /api/2.0/token-management/tokens/{id}. Also answers for expired tokens. NOT_FOUND,
  /// TOKEN_GONE if it is gone.
  hub::Result<TokenInfo> get_token(hub::Call call, const Credential& admin,
                                   const std::string& token_id);

  /// DELETE /api/2.0/token-management/tokens/{id}: revokes at once. NOT_FOUND with reason
  /// TOKEN_GONE only for a 404 with a Databricks JSON body that says so; any other 404 is
  /// FAILED_PRECONDITION, NOT_DATABRICKS.
  hub::Result<> delete_token(hub::Call call, const Credential& admin, const std::string& token_id);

  /// POST /api/2.0/token/create: for the credential's own principal, of which the answer does not
  /// tell; owner_id is 0. Otherwise as create_on_behalf_of.
  hub::Result<MintedToken> create_own_token(hub::Call call, const Credential& bearer,
                                            const TokenRequest& request);

  /// GET /api/2.0/token/list: the live tokens of the credential's own principal; owner_id is 0.
  hub::Result<std::vector<TokenInfo>> list_own_tokens(hub::Call call, const Credential& bearer);

  /// POST /api/2.0/token/delete. As delete_token; a token of another principal is TOKEN_GONE, too.
  hub::Result<> delete_own_token(hub::Call call, const Credential& bearer,
                                 const std::string& token_id);

  /// GET /api/2.0/preview/scim/v2/Me.
  hub::Result<Identity> me(hub::Call call, const Credential& bearer);

  /// GET /api/2.0/preview/scim/v2/ServicePrincipals?filter=applicationId eq "..."; nothing if there
  /// is none. `application_id` must be a UUID: it goes into a filter expression.
  hub::Result<std::optional<ServicePrincipal>> find_service_principal(
      hub::Call call, const Credential& admin, const std::string& application_id);

  /// GET /api/2.0/permissions/authorization/tokens: whether the principal itself, not through a
  /// group, may use tokens. A workspace that never had a token answers "does not exist"
  /// (terraform-provider-databricks issue 1122): false.
  hub::Result<bool> has_token_permission(hub::Call call, const Credential& admin,
                                         const std::string& application_id);

  /// PATCH /api/2.0/permissions/authorization/tokens: adds CAN_USE for the principal. Never PUT,
  /// which replaces the list: whoever loses CAN_USE loses their tokens at once
  /// (docs.databricks.com/security/auth/api-access-permissions.html).
  hub::Result<> grant_token_permission(hub::Call call, const Credential& admin,
                                       const std::string& application_id);

  /// GET /api/2.0/workspace-conf?keys=enableTokensConfig,maxTokenLifetimeDays.
  hub::Result<TokenPolicy> token_policy(hub::Call call, const Credential& admin);

 private:
  hub::Result<HttpResponse> send_once(hub::Call call, const Asked& asked,
                                      const HttpRequest& request,
                                      std::chrono::steady_clock::time_point until);
  hub::Result<HttpResponse> send_repeatedly(hub::Call call, const Asked& asked, const char* method,
                                            std::string target, std::string json = {});
  /// The error that sends nothing, if the call has not the time to wait.
  hub::Result<> wait_for_turn(hub::Call call, const Asked& asked,
                              std::chrono::steady_clock::time_point until) const;
  hub::Result<MintedToken> create(hub::Call call, const Asked& asked, const char* target,
                                  const TokenRequest& request);

  const std::shared_ptr<HttpClient> client_;
  const std::shared_ptr<Pace> pace_;
  const std::shared_ptr<ServerClock> clock_;
};

}  // namespace databricks_token
