#include <Poco/NumberParser.h>
#include <Poco/StringTokenizer.h>

#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

constexpr int kMaximumDays = 730;

void require_valid(const std::string& key, const std::string& value) {
  int days = 0;
  const bool valid =
      key == "enableTokensConfig" ? value == "true" || value == "false"
      : key == "maxTokenLifetimeDays"
          // 0 was "no limit" in older documentation, and is the default maximum now
          ? Poco::NumberParser::tryParse(value, days) && days >= 0 && days <= kMaximumDays
          : throw Refusal::invalid("Invalid keys: [" + key + "]");
  if (!valid) throw Refusal::invalid("Invalid value for " + key + ": " + value);
}

Answer get(State& state, const Request& request) {
  const auto keys = request.query.find("keys");
  if (keys == request.query.end()) throw Refusal::invalid("keys is missing.");
  return state.read([&](const Data& data) {
    Poco::JSON::Object json;
    for (const std::string& key : Poco::StringTokenizer(keys->second, ",")) {
      const auto setting = data.settings.find(key);
      if (setting == data.settings.end()) throw Refusal::invalid("Invalid keys: [" + key + "]");
      json.set(key, setting->second);
    }
    return Answer(json);
  });
}

Answer update(State& state, const Request& request) {
  const Body body(request.body);
  return state.change([&](Data& data) {
    for (const auto& [key, unused] : body.json()) {
      const std::string value = body.text(key).value_or("");
      require_valid(key, value);
      data.settings[key] = value;
    }
    Answer answer;
    answer.status = 204;
    return answer;
  });
}

}  // namespace

void add_settings_routes(Router& router, State& state) {
  constexpr const char* kPath = "/api/2.0/workspace-conf";
  router.add("GET", kPath, Access::kControl,
             [&state](const Request& request) { return get(state, request); });
  router.add("PATCH", kPath, Access::kControl,
             [&state](const Request& request) { return update(state, request); });
}

}  // namespace local_workspace
