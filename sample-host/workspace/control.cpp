#include "workspace/control.hpp"

#include "workspace/oauth_secrets.hpp"
#include "workspace/tokens.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::size_t kLongestLog = 100'000;

Answer ground_truth(const Data& data, const Faults& faults, const RequestLog& log) {
  const std::int64_t now = now_ms();
  Array::Ptr tokens = new Array;
  for (const Token& token : data.tokens) {
    Object::Ptr json = token_info(data, token);
    json->set("owner", data.owner(token).name);
    json->set("live", token.live(now));
    json->set("deleted", token.revoked());
    json->set("revocation_time", token.revocation_time);
    tokens->add(json);
  }
  Array::Ptr secrets = new Array;
  for (const OauthSecret& secret : data.oauth_secrets) {
    Object::Ptr json = secret_info(secret);
    json->set("owner", data.principal(secret.owner_id)->name);
    json->set("live", secret.live(now));
    json->set("deleted", secret.revocation_time != 0);
    secrets->add(json);
  }
  Object json;
  json.set("tokens", tokens);
  json.set("oauth_secrets", secrets);
  json.set("requests", log.list());
  json.set("faults", faults.list());
  return Answer(json);
}

}  // namespace

void RequestLog::add(const Request& request, const std::string& route, int status) {
  Entry entry{request.method, route, status, {}};
  if (!request.body.empty()) entry.body_sha256 = sha256_hex(request.body);
  const std::lock_guard lock(mutex_);
  if (entries_.size() == kLongestLog) entries_.pop_front();
  entries_.push_back(std::move(entry));
}

Array::Ptr RequestLog::list() const {
  const std::lock_guard lock(mutex_);
  Array::Ptr array = new Array;
  for (const Entry& entry : entries_) {
    Object::Ptr json = new Object;
    json->set("method", entry.method);
    json->set("route", entry.route);
    json->set("status", entry.status);
    if (!entry.body_sha256.empty()) json->set("body_sha256", entry.body_sha256);
    array->add(json);
  }
  return array;
}

void add_control_routes(Router& router, State& state, Faults& faults, const RequestLog& log) {
  router.add("GET", "/__local/state", Access::kControl, [&](const Request&) {
    return state.read([&](const Data& data) { return ground_truth(data, faults, log); });
  });
  router.add("POST", "/__local/faults", Access::kControl, [&](const Request& request) {
    faults.add(Fault(Body(request.body)));
    return Answer(Object());
  });
  router.add("DELETE", "/__local/faults", Access::kControl, [&](const Request&) {
    faults.clear();
    return Answer(Object());
  });
}

}  // namespace local_workspace
