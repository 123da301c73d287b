#include <Poco/JSON/Array.h>
#include <Poco/NumberParser.h>
#include <Poco/UUID.h>

#include "workspace/routes.hpp"
#include "workspace/tokens.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

const Principal& require_service_principal(const Data& data, const Body& request) {
  const std::string id = request.text("application_id").value_or("");
  Poco::UUID uuid;
  if (!uuid.tryParse(id)) {
    throw Refusal::invalid("application_id is not the UUID of a service principal.");
  }
  const Principal* principal = data.principal(uuid.toString());
  if (principal == nullptr || !principal->member) {
    throw Refusal(404, std::string("RESOURCE_DOES_NOT_EXIST"),
                  "Service principal with application ID " + id + " does not exist.");
  }
  return *principal;
}

Answer create(State& state, const Request& request) {
  const Body body(request.body);
  return state.change([&](Data& data) {
    const Made made =
        create_token(data, require_service_principal(data, body), request.caller, body);
    return answer(made, token_info(data, made.token));
  });
}

/// The filters are by creator, not by owner. Expired tokens are in the list.
Answer list(State& state, const Request& request) {
  const auto wanted = [&](const char* filter, const std::string& value) {
    const auto given = request.query.find(filter);
    return given == request.query.end() || given->second == value;
  };
  return state.read([&](const Data& data) {
    Array::Ptr infos = new Array;
    for (const Token& token : data.tokens) {
      if (!token.revoked() && wanted("created_by_id", std::to_string(token.created_by_id)) &&
          wanted("created_by_username", data.principal(token.created_by_id)->name)) {
        infos->add(token_info(data, token));
      }
    }
    Object json;
    if (infos->size() > 0) json.set("token_infos", infos);
    return Answer(json);
  });
}

Answer get(State& state, const Request& request) {
  return state.read([&](const Data& data) {
    Object json;
    json.set("token_info",
             token_info(data, require_token(data, request.parameters.at("token_id"))));
    return Answer(json);
  });
}

Answer update(State& state, const Request& request) {
  const Body body(request.body);
  const auto fields = body.object("token");
  if (!fields) throw Refusal::invalid("token is missing.");
  return state.change([&](Data& data) {
    Token& token = require_token(data, request.parameters.at("token_id"));
    update_token(token, *fields, body.text("update_mask").value_or(""));
    return Answer(*token_info(data, token));
  });
}

Answer revoke(State& state, const Request& request) {
  return state.change([&](Data& data) {
    require_token(data, request.parameters.at("token_id")).revocation_time = now_ms();
    return Answer(Object());
  });
}

}  // namespace

void add_token_management_routes(Router& router, State& state) {
  const auto add = [&](const char* method, const std::string& path, auto handler) {
    router.add(method, path, Access::kAdmin,
               [&state, handler](const Request& request) { return handler(state, request); });
  };
  for (const std::string api : {"/api/2.0", "/api/2.0/preview"}) {
    add("POST", api + "/token-management/on-behalf-of/tokens", create);
    add("GET", api + "/token-management/tokens", list);
    add("GET", api + "/token-management/tokens/{token_id}", get);
    add("PATCH", api + "/token-management/tokens/{token_id}", update);
    add("DELETE", api + "/token-management/tokens/{token_id}", revoke);
  }
}

}  // namespace local_workspace
