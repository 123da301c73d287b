#include <Poco/JSON/Array.h>

#include "workspace/routes.hpp"
#include "workspace/tokens.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

/// The caller's own token; what belongs to another does not exist for it.
template <typename SomeData>
auto& require_own(SomeData& data, const Caller& caller, const std::string& id,
                  const std::string& code) {
  auto& token = require_token(data, id, code);
  if (token.owner_id != caller.id) throw Refusal(404, code, "Token does not exist");
  return token;
}

Answer create(State& state, const Request& request) {
  const Body body(request.body);
  return state.change([&](Data& data) {
    const Made made = create_token(data, *data.principal(request.caller.id), request.caller, body);
    return answer(made, public_token_info(made.token));
  });
}

Answer list(State& state, const Request& request) {
  return state.read([&](const Data& data) {
    Array::Ptr infos = new Array;
    for (const Token& token : data.tokens) {
      if (token.owner_id == request.caller.id && token.live(now_ms())) {
        infos->add(public_token_info(token));
      }
    }
    Object json;
    if (infos->size() > 0) json.set("token_infos", infos);
    return Answer(json);
  });
}

Answer update(State& state, const Request& request) {
  const Body body(request.body);
  const auto fields = body.object("token");
  if (!fields) throw Refusal::invalid("token is missing.");
  return state.change([&](Data& data) {
    update_token(require_own(data, request.caller, request.parameters.at("token_id"), "NOT_FOUND"),
                 *fields, body.text("update_mask").value_or(""));
    return Answer(Object());
  });
}

Answer revoke(State& state, const Request& request) {
  const std::string id = Body(request.body).text("token_id").value_or("");
  return state.change([&](Data& data) {
    require_own(data, request.caller, id, "RESOURCE_DOES_NOT_EXIST").revocation_time = now_ms();
    return Answer(Object());
  });
}

}  // namespace

void add_own_token_routes(Router& router, State& state) {
  const auto add = [&](const char* method, const std::string& path, auto handler) {
    router.add(method, path, Access::kOwner,
               [&state, handler](const Request& request) { return handler(state, request); });
  };
  add("POST", "/api/2.0/token/create", create);
  add("GET", "/api/2.0/token/list", list);
  add("POST", "/api/2.0/token/delete", revoke);
  add("PATCH", "/api/2.0/token/{token_id}", update);
}

}  // namespace local_workspace
