#pragma once

#include <string>

#include "workspace/http.hpp"
#include "workspace/router.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// The workspace's id in Azure.
inline constexpr const char* kAzureResourceId =
    "/subscriptions/00000000-0000-4000-8000-00000000a2e0/resourceGroups/local/providers/"
    "Microsoft.Databricks/workspaces/local";

/// Who the Authorization header's bearer is, if it is good for `access`; notes the day of use.
/// Throws the Refusal that Databricks' gateway answers: 401 for no credential, 403 with the number
/// 403 as code for a bad one. A principal that is no member must show a token for Azure's
/// management and the workspace's id in Azure on each request.
Caller authorize(State& state, const Request& request, Access access);

/// Refuses a principal who may not have tokens, as Databricks does for a service principal without
/// CAN_USE (kb.databricks.com, "Service principal cannot create access token").
void require_can_use_tokens(const Data& data, const Principal& principal);

/// Refuses while workspace-conf has enableTokensConfig=false. Status and text are not documented.
void require_tokens_enabled(const Data& data);

}  // namespace local_workspace
