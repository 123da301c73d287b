#include <Poco/JSON/Array.h>

#include <algorithm>
#include <array>

#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::array kKinds = {"service_principal_name", "user_name", "group_name"};

Object::Ptr level(const char* name, const char* description) {
  Object::Ptr json = new Object;
  json->set("permission_level", name);
  json->set("description", description);
  return json;
}

Object::Ptr entry(const Data& data, const Grant& grant, const char* permission_level) {
  Object::Ptr permission = new Object;
  permission->set("permission_level", permission_level);
  permission->set("inherited", false);
  Array::Ptr permissions = new Array;
  permissions->add(permission);

  Object::Ptr json = new Object;
  json->set(grant.first, grant.second);
  if (const Principal* principal = data.principal(grant.second); principal != nullptr) {
    json->set("display_name", principal->display_name);
  }
  json->set("all_permissions", permissions);
  return json;
}

Answer describe(const Data& data) {
  Array::Ptr entries = new Array;
  for (const Grant& grant : data.grants) entries->add(entry(data, grant, "CAN_USE"));
  entries->add(entry(data, {"group_name", "admins"}, "CAN_MANAGE"));
  Object json;
  json.set("object_id", "/authorization/tokens");
  json.set("object_type", "tokens");
  json.set("access_control_list", entries);
  return Answer(json);
}

bool exists(const Data& data, const Grant& grant) {
  if (grant.first == "group_name") return grant.second == "users" || grant.second == "admins";
  const Principal* principal = data.principal(grant.second);
  return principal != nullptr &&
         principal->service_principal == (grant.first == "service_principal_name");
}

/// Who an entry of access_control_list is about. A service principal is named by its application
/// id; its display name is refused with the words that databricks/terraform-provider-databricks
/// #1415 quotes.
Grant principal_of(const Data& data, const Body& item) {
  const auto kind = std::find_if(kKinds.begin(), kKinds.end(),
                                 [&](const char* name) { return item.text(name).has_value(); });
  if (kind == kKinds.end()) {
    throw Refusal::invalid(
        "An entry of access_control_list names no user_name, group_name or "
        "service_principal_name.");
  }
  const Grant grant(*kind, *item.text(*kind));
  if (!exists(data, grant)) {
    const std::string type = grant.first == "group_name"  ? "GroupName"
                             : grant.first == "user_name" ? "UserName"
                                                          : "ServicePrincipalName";
    throw Refusal(404, std::string("RESOURCE_DOES_NOT_EXIST"),
                  "Principal: " + type + "(" + grant.second + ") does not exist");
  }
  return grant;
}

std::set<Grant> requested(const Data& data, const Body& body) {
  std::set<Grant> grants;
  for (const Body& item : body.objects("access_control_list").value_or(std::vector<Body>{})) {
    const Grant grant = principal_of(data, item);
    const std::string wanted = item.text("permission_level").value_or("");
    const bool admins = grant == Grant("group_name", "admins");
    if (wanted != (admins ? "CAN_MANAGE" : "CAN_USE")) {
      throw Refusal::invalid(
          "permission_level of tokens is CAN_USE; CAN_MANAGE belongs to the group admins alone.");
    }
    if (!admins) grants.insert(grant);  // admins have theirs for good
  }
  return grants;
}

/// Losing the direct CAN_USE deletes the tokens at once; losing it through a group only makes them
/// unusable (docs.databricks.com/security/auth/api-access-permissions.html).
void replace_grants(Data& data, std::set<Grant> grants) {
  for (Token& token : data.tokens) {
    const Principal& owner = data.owner(token);
    const Grant direct(owner.service_principal ? "service_principal_name" : "user_name",
                       owner.name);
    if (data.grants.contains(direct) && !grants.contains(direct) && !token.revoked()) {
      token.revocation_time = now_ms();
    }
  }
  data.grants = std::move(grants);
}

Answer levels() {
  Array::Ptr list = new Array;
  list->add(level("CAN_USE", "Can use tokens"));
  list->add(level("CAN_MANAGE", "Can manage tokens"));
  Object json;
  json.set("permission_levels", list);
  return Answer(json);
}

}  // namespace

void add_permission_routes(Router& router, State& state) {
  for (const std::string api : {"/api/2.0", "/api/2.0/preview"}) {
    const std::string path = api + "/permissions/authorization/tokens";
    router.add("GET", path, Access::kAdmin,
               [&state](const Request&) { return state.read(describe); });
    router.add("GET", path + "/permissionLevels", Access::kAdmin,
               [](const Request&) { return levels(); });
    router.add("PATCH", path, Access::kAdmin, [&state](const Request& request) {
      const Body body(request.body);
      return state.change([&](Data& data) {
        data.grants.merge(requested(data, body));
        return describe(data);
      });
    });
    router.add("PUT", path, Access::kAdmin, [&state](const Request& request) {
      const Body body(request.body);
      return state.change([&](Data& data) {
        replace_grants(data, requested(data, body));
        return describe(data);
      });
    });
  }
}

}  // namespace local_workspace
