#include "databricks/sign_in.hpp"

#include "databricks/digest.hpp"
#include "databricks/oauth.hpp"

namespace databricks_token {
namespace {

// The application id of Azure Databricks, the same in each cloud (databricks-sdk-go
// common/environment/environments.go), as a scope of the v2 endpoint.
constexpr const char* kDatabricksScope = "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default";

/// Of Azure's service management in the authority's cloud. The resource's name ends with a slash,
/// so its scope has two (same source).
std::string management_scope(const Origin& authority) {
  const bool is_us_government = authority.host == "login.microsoftonline.us";
  const bool is_china = authority.host == "login.chinacloudapi.cn" ||
                        authority.host == "login.partner.microsoftonline.cn";
  return std::string("https://management.core.") +
         (is_us_government ? "usgovcloudapi.net"
          : is_china       ? "chinacloudapi.cn"
                           : "windows.net") +
         "//.default";
}

}  // namespace

std::string_view to_text(AuthType type) {
  constexpr std::string_view kWords[] = {"pat", "oauth-m2m", "azure-entra"};
  return kWords[static_cast<int>(type)];
}

SignIn::SignIn(AuthSettings settings, std::shared_ptr<HttpClient> workspace,
               std::shared_ptr<HttpClient> authority, std::shared_ptr<AccessTokens> tokens)
    : settings_(std::move(settings)),
      resource_id_(settings_.workspace_resource_id),
      workspace_(std::move(workspace)),
      authority_(std::move(authority)),
      tokens_(std::move(tokens)) {}

hub::Result<SignIn::Used> SignIn::obtain(hub::Call call, const hub::Secret& admin) {
  if (settings_.type == AuthType::kPat) {
    // Shared with nobody: the caller keeps it.
    return Used{settings_.type,
                {.key = {}, .token = {std::shared_ptr<void>(), &admin}, .fresh = true}};
  }
  if (settings_.type == AuthType::kOauthM2m) {
    auto bearer = tokens_->get(
        call, workspace_->origin().text() + ' ' + settings_.client_id + ' ' + sha256_hex(admin),
        [&](hub::Call asking) {
          return ask_workspace(asking, *workspace_, {settings_.client_id, admin});
        });
    if (!bearer) return std::move(bearer).error();
    return Used{settings_.type, *std::move(bearer)};
  }
  auto bearer = of_entra(call, admin, kDatabricksScope);
  if (!bearer) return std::move(bearer).error();
  Used used{settings_.type, *std::move(bearer)};
  if (resource_id_.empty()) return used;
  auto management = of_entra(call, admin, management_scope(settings_.authority));
  if (!management) return std::move(management).error();
  used.management = *std::move(management);
  used.headers = {{"X-Databricks-Azure-SP-Management-Token", used.management.token.get()},
                  {"X-Databricks-Azure-Workspace-Resource-Id", &resource_id_}};
  return used;
}

hub::Result<AccessTokens::Kept> SignIn::of_entra(hub::Call call, const hub::Secret& admin,
                                                 const std::string& scope) {
  return tokens_->get(call,
                      authority_->origin().text() + ' ' + settings_.tenant_id + ' ' +
                          settings_.client_id + ' ' + scope + ' ' + sha256_hex(admin),
                      [&](hub::Call asking) {
                        return ask_entra(asking, *authority_, settings_.tenant_id,
                                         {settings_.client_id, admin}, scope);
                      });
}

bool SignIn::forget(const Used& refused) {
  bool others_are_fresher = false;
  for (const AccessTokens::Kept* kept : {&refused.bearer, &refused.management}) {
    if (kept->key.empty()) continue;
    tokens_->drop(*kept);
    others_are_fresher = others_are_fresher || !kept->fresh;
  }
  return others_are_fresher;
}

bool SignIn::is_refusal(const hub::Error& error) {
  return error.reason == "CREDENTIAL_INVALID" || error.reason == "CREDENTIAL_EXPIRING";
}

}  // namespace databricks_token
