#include "workspace/oauth_secrets.hpp"

#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Array.h>
#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>
#include <Poco/Timestamp.h>
#include <Poco/UUIDGenerator.h>

#include <algorithm>

#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr int kSecretsAPrincipal = 5;                         // docs: at most
constexpr std::int64_t kLongestLifetimeSeconds = 63'072'000;  // docs: 730 days, also the default

std::string rfc3339(std::int64_t time_ms) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp(time_ms * 1000), "%Y-%m-%dT%H:%M:%S.%iZ");
}

const Principal& require_service_principal(const Data& data, const Request& request) {
  const std::string& id = request.parameters.at("id");
  for (const Principal& principal : data.principals) {
    if (principal.service_principal && principal.member && std::to_string(principal.id) == id) {
      return principal;
    }
  }
  throw Refusal(404, std::string("RESOURCE_DOES_NOT_EXIST"),
                "Service principal " + id + " does not exist.");
}

/// A duration as protobuf's JSON has it: "3600s".
std::int64_t lifetime_seconds(const Body& request) {
  const auto asked = request.text("lifetime");
  if (!asked) return kLongestLifetimeSeconds;
  static const Poco::RegularExpression pattern("[0-9]{1,12}s");
  const std::int64_t seconds =
      pattern.match(*asked) ? Poco::NumberParser::parse64(asked->substr(0, asked->size() - 1)) : 0;
  if (seconds < 1 || seconds > kLongestLifetimeSeconds) {
    throw Refusal::invalid("lifetime '" + *asked + "' is not between 1s and " +
                           std::to_string(kLongestLifetimeSeconds) + "s.");
  }
  return seconds;
}

/// Only live secrets count here; whether they do in the real workspace is not documented.
void require_quota(const Data& data, const Principal& owner) {
  const auto live = std::ranges::count_if(data.oauth_secrets,
                                          [&owner, now = now_ms()](const OauthSecret& secret) {
                                            return secret.owner_id == owner.id && secret.live(now);
                                          });
  if (live >= kSecretsAPrincipal) {
    throw Refusal(400, std::string("QUOTA_EXCEEDED"),
                  "Service principal " + std::to_string(owner.id) + " has reached the quota of " +
                      std::to_string(kSecretsAPrincipal) + " secrets.");
  }
}

Answer create(State& state, const Request& request) {
  const Body body(request.body.empty() ? "{}" : request.body);
  const std::int64_t lifetime = lifetime_seconds(body) * 1000;
  return state.change([&](Data& data) {
    const Principal& owner = require_service_principal(data, request);
    require_quota(data, owner);
    const MadeSecret made = create_oauth_secret(data, owner, lifetime);
    Object::Ptr json = secret_info(made.secret);
    json->set("secret", made.value);
    return Answer(*json);
  });
}

/// Expired ones too, as the workspace does with tokens.
Answer list(State& state, const Request& request) {
  return state.read([&](const Data& data) {
    const Principal& owner = require_service_principal(data, request);
    Array::Ptr secrets = new Array;
    for (const OauthSecret& secret : data.oauth_secrets) {
      if (secret.owner_id == owner.id && secret.revocation_time == 0) {
        secrets->add(secret_info(secret));
      }
    }
    Object json;
    if (secrets->size() > 0) json.set("secrets", secrets);
    return Answer(json);
  });
}

Answer revoke(State& state, const Request& request) {
  return state.change([&](Data& data) {
    const Principal& owner = require_service_principal(data, request);
    const std::string& id = request.parameters.at("secret_id");
    const auto found = std::ranges::find_if(data.oauth_secrets, [&](const OauthSecret& secret) {
      return secret.owner_id == owner.id && secret.id == id && secret.revocation_time == 0;
    });
    if (found == data.oauth_secrets.end()) {
      throw Refusal(404, std::string("RESOURCE_DOES_NOT_EXIST"), "Secret does not exist");
    }
    found->revocation_time = now_ms();
    return Answer(Object());
  });
}

}  // namespace

MadeSecret create_oauth_secret(Data& data, const Principal& owner, std::int64_t lifetime_ms) {
  std::string value = "dose" + random_hex(16);
  OauthSecret secret;
  secret.id = Poco::UUIDGenerator::defaultGenerator().createRandom().toString();
  secret.owner_id = owner.id;
  secret.sha256 = sha256_hex(value);
  secret.creation_time = now_ms();
  secret.expiry_time = secret.creation_time + lifetime_ms;
  data.oauth_secrets.push_back(std::move(secret));
  return {std::move(value), data.oauth_secrets.back()};
}

Object::Ptr secret_info(const OauthSecret& secret) {
  Object::Ptr json = new Object;
  json->set("id", secret.id);
  json->set("secret_hash", secret.sha256);
  json->set("status", "ACTIVE");
  json->set("create_time", rfc3339(secret.creation_time));
  json->set("update_time", rfc3339(secret.creation_time));
  json->set("expire_time", rfc3339(secret.expiry_time));
  return json;
}

void add_oauth_secret_routes(Router& router, State& state) {
  const std::string path = "/api/2.0/accounts/servicePrincipals/{id}/credentials/secrets";
  const auto add = [&](const char* method, const std::string& pattern, auto handler) {
    router.add(method, pattern, Access::kAdmin,
               [&state, handler](const Request& request) { return handler(state, request); });
  };
  add("POST", path, create);
  add("GET", path, list);
  add("DELETE", path + "/{secret_id}", revoke);
}

}  // namespace local_workspace
