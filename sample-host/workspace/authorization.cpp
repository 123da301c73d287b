#include "workspace/authorization.hpp"

#include <Poco/String.h>

#include <algorithm>
#include <optional>

namespace local_workspace {
namespace {

constexpr std::int64_t kDayMs = 24 * 60 * 60 * 1000;

/// Which the bearer turned out to be.
struct Credential {
  const Principal* principal = nullptr;
  const Token* token = nullptr;  ///< nullptr: an OAuth access token
};

std::string bearer(const std::string& authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (Poco::icompare(authorization.substr(0, kScheme.size()), std::string(kScheme)) != 0) {
    throw Refusal(401, 401,
                  "Credential was not sent or was of an unsupported type for this API. [ReqId: " +
                      random_hex(8) + "]");
  }
  return authorization.substr(kScheme.size());
}

bool is_let_in_by_azure(const Data& data, const Principal& principal, const Request& request,
                        std::int64_t now) {
  return Poco::icompare(request.azure_resource_id, std::string(kAzureResourceId)) == 0 &&
         data.signed_in(sha256_hex(request.azure_management_token), Audience::kAzureManagement,
                        now) == &principal;
}

Credential find(const Data& data, const std::string& id, const Request& request, std::int64_t now) {
  Credential found;
  if (const Token* token = data.token(id); token != nullptr && token->live(now)) {
    found = {data.principal(token->owner_id), token};
  } else {
    found.principal = data.signed_in(id, Audience::kDatabricks, now);
    if (found.principal != nullptr && !found.principal->member &&
        !is_let_in_by_azure(data, *found.principal, request, now)) {
      throw Refusal(403, 403, "User not authorized.");
    }
  }
  if (found.principal == nullptr || !found.principal->active) {
    throw Refusal(403, 403, "Invalid access token.");
  }
  return found;
}

bool has_scope_for_tokens(const Token& token) {
  const auto& scopes = token.scopes;
  return scopes.empty() || std::any_of(scopes.begin(), scopes.end(), [](const std::string& scope) {
           return scope == "authentication" || scope == "all-apis";
         });
}

void require_access(const Data& data, const Credential& credential, Access access) {
  const auto& [principal, token] = credential;
  if (token != nullptr) {
    if (access != Access::kControl) require_tokens_enabled(data);
    require_can_use_tokens(data, *principal);
    if (access != Access::kUser && !has_scope_for_tokens(*token)) {
      throw Refusal(403, std::string("PERMISSION_DENIED"),
                    "Provided OAuth token does not have required scopes: authentication");
    }
  }
  if ((access == Access::kAdmin || access == Access::kControl) && !principal->admin) {
    throw Refusal(403, std::string("PERMISSION_DENIED"), "This API is only accessible by admins.");
  }
}

}  // namespace

Caller authorize(State& state, const Request& request, Access access) {
  const std::string id = sha256_hex(bearer(request.authorization));
  const std::int64_t now = now_ms();
  const std::int64_t today = now - now % kDayMs;
  bool first_use_today = false;
  const Caller caller = state.read([&](const Data& data) {
    const Credential credential = find(data, id, request, now);
    require_access(data, credential, access);
    first_use_today = credential.token != nullptr && credential.token->last_used_day != today;
    return Caller{credential.principal->id, credential.principal->name};
  });
  if (first_use_today) {
    state.change([&](Data& data) { return data.token(id)->last_used_day = today; });
  }
  return caller;
}

void require_can_use_tokens(const Data& data, const Principal& principal) {
  if (!data.can_use_tokens(principal)) {
    throw Refusal(403, std::string("PERMISSION_DENIED"),
                  "User " + principal.name + " does not have permission to use tokens.");
  }
}

void require_tokens_enabled(const Data& data) {
  const auto setting = data.settings.find("enableTokensConfig");
  if (setting != data.settings.end() && setting->second == "false") {
    throw Refusal(403, std::string("FEATURE_DISABLED"),
                  "Personal access tokens are disabled for this workspace.");
  }
}

}  // namespace local_workspace
