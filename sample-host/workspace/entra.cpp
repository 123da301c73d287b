#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Array.h>
#include <Poco/Net/HTMLForm.h>
#include <Poco/UUIDGenerator.h>

#include <sstream>
#include <string>

#include "workspace/access_tokens.hpp"
#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

std::string uuid() { return Poco::UUIDGenerator::defaultGenerator().createRandom().toString(); }

/// As Microsoft Entra words its errors: `code` is the number after AADSTS
/// (learn.microsoft.com/entra/identity-platform/reference-error-codes).
Answer error(int status, const std::string& word, int code, const std::string& text) {
  const std::string trace = uuid(), correlation = uuid();
  const std::string time = Poco::DateTimeFormatter::format(Poco::Timestamp(), "%Y-%m-%d %H:%M:%SZ");
  Array::Ptr codes = new Array;
  codes->add(code);
  Object json;
  json.set("error", word);
  json.set("error_description", "AADSTS" + std::to_string(code) + ": " + text +
                                    " Trace ID: " + trace + " Correlation ID: " + correlation +
                                    " Timestamp: " + time);
  json.set("error_codes", codes);
  json.set("timestamp", time);
  json.set("trace_id", trace);
  json.set("correlation_id", correlation);
  return Answer(json, status);
}

Answer token(State& state, const Request& request) {
  const std::string& tenant = request.parameters.at("tenant");
  if (tenant != kTenantId) {
    return error(400, "invalid_request", 90002,
                 "Tenant '" + tenant +
                     "' not found. Check to make sure you have the correct tenant "
                     "ID and are signing into the correct cloud.");
  }
  std::istringstream body(request.body);
  Poco::Net::HTMLForm form;
  form.read(body);
  if (form.get("grant_type", "") != "client_credentials") {
    return error(400, "unsupported_grant_type", 70003,
                 "The app requested an unsupported grant type.");
  }
  const std::string scope = form.get("scope", "");
  if (!scope.ends_with("/.default")) {
    return error(400, "invalid_scope", 1002012,
                 "The provided value for scope " + scope +
                     " is not valid. Client credential flows "
                     "must have a scope value with /.default suffixed to the resource identifier.");
  }
  const bool is_databricks = scope == "2ff814a6-3304-4ab8-85cb-cd0e6f879c1d/.default";
  if (!is_databricks && scope != "https://management.core.windows.net//.default") {
    return error(400, "invalid_resource", 500011,
                 "The resource principal named " + scope + " was not found in the tenant.");
  }
  const Client client = client_of(request.authorization, form);
  if (state.read([&](const Data& data) { return data.principal(client.id) == nullptr; })) {
    return error(400, "unauthorized_client", 700016,
                 "Application with identifier '" + client.id + "' was not found in the directory.");
  }
  const auto value = grant_access(
      state, client, is_databricks ? Audience::kDatabricks : Audience::kAzureManagement);
  if (!value) {
    return error(
        401, "invalid_client", 7000215,
        "Invalid client secret provided. Ensure the secret being sent in the request is the "
        "client secret value, not the client secret ID.");
  }
  Object json;
  json.set("token_type", "Bearer");
  json.set("expires_in", kAccessTokenSeconds - 1);
  json.set("ext_expires_in", kAccessTokenSeconds - 1);
  json.set("access_token", *value);
  return Answer(json);
}

}  // namespace

void add_entra_routes(Router& router, State& state) {
  router.add("POST", "/{tenant}/oauth2/v2.0/token", Access::kAnyone,
             [&state](const Request& request) { return token(state, request); });
}

}  // namespace local_workspace
