#pragma once

#include <string>

#include "workspace/router.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// Token management: on-behalf-of create, list, get, update, delete; all for admins.
void add_token_management_routes(Router& router, State& state);

/// /api/2.0/token: what a principal does with its own tokens.
void add_own_token_routes(Router& router, State& state);

/// Who may use tokens: /api/2.0/permissions/authorization/tokens.
void add_permission_routes(Router& router, State& state);

/// SCIM: Me and ServicePrincipals.
void add_scim_routes(Router& router, State& state);

/// enableTokensConfig and maxTokenLifetimeDays.
void add_settings_routes(Router& router, State& state);

/// OAuth: discovery and the client-credentials grant. `url` is this workspace's own.
void add_oauth_routes(Router& router, State& state, const std::string& url);

/// The tenant of Microsoft Entra in which this workspace's principals are.
inline constexpr const char* kTenantId = "00000000-0000-4000-8000-0000000e47a0";

/// The OAuth secrets of service principals: create, list, delete; all for admins.
void add_oauth_secret_routes(Router& router, State& state);

/// Microsoft Entra's token endpoint, which in truth is on a host of its own.
void add_entra_routes(Router& router, State& state);

}  // namespace local_workspace
