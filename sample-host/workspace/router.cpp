#include "workspace/router.hpp"

#include <Poco/StringTokenizer.h>

#include <optional>
#include <utility>

#include "workspace/authorization.hpp"

namespace local_workspace {
namespace {

std::optional<std::map<std::string, std::string>> match(const std::string& pattern,
                                                        const std::string& path) {
  const Poco::StringTokenizer wanted(pattern, "/");
  const Poco::StringTokenizer given(path, "/");
  if (wanted.count() != given.count()) return std::nullopt;
  std::map<std::string, std::string> parameters;
  for (std::size_t i = 0; i < wanted.count(); ++i) {
    if (wanted[i].starts_with('{') && !given[i].empty()) {
      parameters[wanted[i].substr(1, wanted[i].size() - 2)] = given[i];
    } else if (wanted[i] != given[i]) {
      return std::nullopt;
    }
  }
  return parameters;
}

}  // namespace

void Router::add(std::string method, std::string pattern, Access access, Handler handler) {
  routes_.push_back({std::move(method), std::move(pattern), access, std::move(handler)});
}

const Router::Route* Router::find(Request& request) const {
  for (const Route& route : routes_) {
    if (route.method != request.method) continue;
    if (auto parameters = match(route.pattern, request.path)) {
      request.parameters = std::move(*parameters);
      return &route;
    }
  }
  return nullptr;
}

Answer Router::handle(Request request) const {
  try {
    const Route* route = find(request);
    if (route == nullptr) {
      throw Refusal(
          501, std::string("NOT_IMPLEMENTED"),
          "The local workspace does not serve " + request.method + " " + request.path + ".");
    }
    if (route->access != Access::kAnyone) {
      request.caller = authorize(state_, request, route->access);
    }
    return route->handler(request);
  } catch (const Refusal& refusal) {
    return refusal.answer();
  }
}

std::string Router::pattern(const Request& request) const {
  Request copy = request;
  const Route* route = find(copy);
  return route == nullptr ? request.path : route->pattern;
}

}  // namespace local_workspace
