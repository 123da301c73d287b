#include <Poco/Base64Decoder.h>
#include <Poco/JSON/Array.h>
#include <Poco/Net/HTMLForm.h>

#include <sstream>
#include <string>

#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr int kLifetimeSeconds = 3600;

/// OAuth has an envelope of its own for errors.
Answer error(int status, const std::string& code, const std::string& description) {
  Object json;
  json.set("error", code);
  json.set("error_id", random_hex(16));
  json.set("error_description", description);
  return Answer(json, status);
}

struct Client {
  std::string id;
  std::string secret;
};

/// By HTTP Basic, or else in the form.
Client client_of(const Request& request, const Poco::Net::HTMLForm& form) {
  constexpr std::string_view kScheme = "Basic ";
  if (!request.authorization.starts_with(kScheme)) {
    return {form.get("client_id", ""), form.get("client_secret", "")};
  }
  std::istringstream encoded(request.authorization.substr(kScheme.size()));
  Poco::Base64Decoder decoder(encoded);
  std::string pair;
  std::getline(decoder, pair, '\0');  // unlike an iterator, ends quietly at what is not base64
  const std::size_t colon = pair.find(':');
  if (colon == std::string::npos) return {};
  return {pair.substr(0, colon), pair.substr(colon + 1)};
}

Answer grant(State& state, const Request& request) {
  std::istringstream body(request.body);
  Poco::Net::HTMLForm form;
  form.read(body);
  if (form.get("grant_type", "") != "client_credentials") {
    return error(400, "unsupported_grant_type", "Only client_credentials is supported");
  }
  const Client client = client_of(request, form);
  const std::string secret_sha256 = sha256_hex(client.secret);
  const std::string value = "oauth-" + random_hex(32);
  const bool granted = state.change([&](Data& data) {
    const Principal* principal = data.principal(client.id);
    if (principal == nullptr || principal->oauth_secret_sha256 != secret_sha256) return false;
    const std::int64_t now = now_ms();
    std::erase_if(data.access_tokens,
                  [now](const AccessToken& token) { return token.expiry_time <= now; });
    data.access_tokens.push_back(
        {sha256_hex(value), principal->id, now + kLifetimeSeconds * std::int64_t{1000}});
    return true;
  });
  if (!granted) return error(401, "invalid_client", "Client authentication failed");

  Object json;
  json.set("access_token", value);
  json.set("token_type", "Bearer");
  json.set("expires_in", kLifetimeSeconds);
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
