// How the secret "admin" becomes what requests sign in with.
//
//   pat          it is the bearer itself
//   oauth-m2m    it is a client secret, for which the workspace gives an access token (oauth.hpp)
//   azure-entra  it is a client secret, for which Microsoft Entra gives an access token; and a
//                second one, for Azure's management, by which a principal that is no member of the
//                workspace is let in as far as its Azure role allows
//
// AccessTokens keeps the access tokens, under the SHA-256 of the secret among others, so that
// another secret is another token.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "databricks/access_tokens.hpp"
#include "databricks/credential.hpp"
#include "http/client.hpp"

namespace databricks_token {

enum class AuthType { kPat, kOauthM2m, kAzureEntra };

/// As in a connection's configuration.
std::string_view to_text(AuthType type);

struct AuthSettings {
  AuthType type = AuthType::kPat;
  std::string client_id{};  // of OAuth
  // Of azure-entra.
  Origin authority{.host = "login.microsoftonline.com"};
  std::string tenant_id{};
  std::string workspace_resource_id{};  // for a principal that is no member; otherwise empty
};

/// Thread-safe.
class SignIn {
 public:
  /// Clients for the workspace's origin and for the authority's, of which only the one that the
  /// type needs is used.
  SignIn(AuthSettings settings, std::shared_ptr<HttpClient> workspace,
         std::shared_ptr<HttpClient> authority, std::shared_ptr<AccessTokens> tokens);

  /// What `ask(credential)` answers, and if the workspace refuses an access token that was kept,
  /// what it answers to a fresh one. That is safe for a mint, too: it is asked again only after a
  /// refusal that says itself that it had no effect. Errors of signing in have effect none.
  template <class Ask>
  auto with(hub::Call call, const hub::Secret& admin, Ask ask)
      -> std::invoke_result_t<Ask, const Credential&> {
    auto used = obtain(call, admin);
    if (!used) return std::move(used).error();
    auto answer = ask(used->credential());
    if (answer || !is_refusal(answer.error())) return answer;
    if (!forget(*used) || answer.error().effect != hub::Effect::kNone) return answer;
    used = obtain(call, admin);
    if (!used) return std::move(used).error();
    return ask(used->credential());
  }

 private:
  struct Used {
    Credential credential() const { return {*bearer.token, to_text(type), headers}; }

    AuthType type;
    AccessTokens::Kept bearer;
    AccessTokens::Kept management{};
    std::vector<SecretHeader> headers{};
  };

  hub::Result<Used> obtain(hub::Call call, const hub::Secret& admin);
  hub::Result<AccessTokens::Kept> of_entra(hub::Call call, const hub::Secret& admin,
                                           const std::string& scope);
  /// Drops the tokens; false if others would be no fresher.
  bool forget(const Used& refused);
  static bool is_refusal(const hub::Error& error);

  const AuthSettings settings_;
  const hub::Secret resource_id_;
  const std::shared_ptr<HttpClient> workspace_;
  const std::shared_ptr<HttpClient> authority_;
  const std::shared_ptr<AccessTokens> tokens_;
};

}  // namespace databricks_token
