#include <Poco/JSON/Array.h>
#include <Poco/Net/HTMLForm.h>

#include <sstream>
#include <string>

#include "workspace/access_tokens.hpp"
#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

/// OAuth has an envelope of its own for errors.
Answer error(int status, const std::string& code, const std::string& description) {
  Object json;
  json.set("error", code);
  json.set("error_id", random_hex(16));
  json.set("error_description", description);
  return Answer(json, status);
}

Answer grant(State& state, const Request& request) {
  std::istringstream body(request.body);
  Poco::Net::HTMLForm form;
  form.read(body);
  if (form.get("grant_type", "") != "client_credentials") {
    return error(400, "unsupported_grant_type", "Only client_credentials is supported");
  }
  const auto value =
      grant_access(state, client_of(request.authorization, form), Audience::kDatabricks);
  if (!value) return error(401, "invalid_client", "Client authentication failed");

  Object json;
  json.set("access_token", *value);
  json.set("token_type", "Bearer");
  json.set("expires_in", kAccessTokenSeconds);
  json.set("scope", "all-apis");
  return Answer(json);
}

Answer authorization_server(const std::string& url) {
  Array::Ptr grants = new Array;
  grants->add("client_credentials");
  Array::Ptr methods = new Array;
  methods->add("client_secret_basic");
  methods->add("client_secret_post");
  Object json;
  json.set("issuer", url + "/oidc");
  json.set("authorization_endpoint", url + "/oidc/v1/authorize");
  json.set("token_endpoint", url + "/oidc/v1/token");
  json.set("grant_types_supported", grants);
  json.set("token_endpoint_auth_methods_supported", methods);
  return Answer(json);
}

}  // namespace

void add_oauth_routes(Router& router, State& state, const std::string& url) {
  router.add("GET", "/oidc/.well-known/oauth-authorization-server", Access::kAnyone,
             [url](const Request&) { return authorization_server(url); });
  router.add("POST", "/oidc/v1/token", Access::kAnyone,
             [&state](const Request& request) { return grant(state, request); });
  // Where databricks-sdk-py looks for the OAuth endpoint, and for nothing else.
  router.add(
      "GET", "/.well-known/databricks-config", Access::kAnyone, [&state, url](const Request&) {
        Object json;
        json.set("oidc_endpoint", url + "/oidc");
        json.set("workspace_id",
                 std::to_string(state.read([](const Data& data) { return data.workspace_id; })));
        return Answer(json);
      });
}

}  // namespace local_workspace
