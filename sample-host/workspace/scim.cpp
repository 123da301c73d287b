#include <Poco/JSON/Array.h>
#include <Poco/NumberParser.h>
#include <Poco/RegularExpression.h>
#include <Poco/String.h>

#include <algorithm>
#include <limits>

#include "workspace/routes.hpp"

namespace local_workspace {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

Array::Ptr one(const Poco::Dynamic::Var& item) {
  Array::Ptr array = new Array;
  array->add(item);
  return array;
}

/// SCIM has an envelope of its own for errors.
Answer error(int status, const std::string& detail, const std::string& scim_type = "") {
  Object json;
  json.set("schemas", one("urn:ietf:params:scim:api:messages:2.0:Error"));
  json.set("detail", detail);
  json.set("status", std::to_string(status));
  if (!scim_type.empty()) json.set("scimType", scim_type);
  return Answer(json, status);
}

/// What users and service principals have in common.
Object::Ptr resource(const Principal& principal, const char* schema) {
  Object::Ptr group = new Object;
  group->set("display", principal.admin ? "admins" : "users");
  Object::Ptr json = new Object;
  json->set("schemas", one(schema));
  json->set("id", std::to_string(principal.id));
  json->set("displayName", principal.display_name);
  json->set("active", principal.active);
  json->set("groups", one(group));
  return json;
}

Object::Ptr service_principal(const Principal& principal) {
  Object::Ptr json = resource(principal, "urn:ietf:params:scim:schemas:core:2.0:ServicePrincipal");
  json->set("applicationId", principal.name);
  return json;
}

/// Also a service principal sees itself as a User, with its application id as userName.
Answer me(State& state, const Request& request) {
  return state.read([&](const Data& data) {
    const Principal& principal = *data.principal(request.caller.id);
    Object::Ptr json = resource(principal, "urn:ietf:params:scim:schemas:core:2.0:User");
    json->set("userName", principal.name);
    Answer answer(*json);
    answer.headers.emplace_back("X-Databricks-Org-Id", std::to_string(data.workspace_id));
    return answer;
  });
}

/// One simple comparison, as `applicationId eq "..."`.
class Filter {
 public:
  /// Returns nothing when the text is not such a comparison.
  static std::optional<Filter> parse(const std::string& text) {
    static const Poco::RegularExpression pattern(
        R"re(^\s*(\w+)\s+(eq|ne|co|sw)\s+"([^"\\]*)"\s*$)re", Poco::RegularExpression::RE_CASELESS);
    std::vector<std::string> parts;
    if (pattern.split(text, parts) != 4) return std::nullopt;
    Filter filter;
    filter.attribute_ = Poco::toLower(parts[1]);
    filter.operator_ = Poco::toLower(parts[2]);
    filter.value_ = Poco::toLower(parts[3]);
    const bool known = filter.attribute_ == "applicationid" || filter.attribute_ == "displayname" ||
                       filter.attribute_ == "id";
    return known ? std::optional(filter) : std::nullopt;
  }

  bool matches(const Principal& principal) const {
    const std::string actual =
        Poco::toLower(attribute_ == "applicationid" ? principal.name
                      : attribute_ == "displayname" ? principal.display_name
                                                    : std::to_string(principal.id));
    if (operator_ == "eq") return actual == value_;
    if (operator_ == "ne") return actual != value_;
    if (operator_ == "sw") return actual.starts_with(value_);
    return actual.find(value_) != std::string::npos;
  }

 private:
  std::string attribute_;
  std::string operator_;
  std::string value_;
};

int number(const Request& request, const char* name, int fallback) {
  const auto given = request.query.find(name);
  int value = fallback;
  if (given != request.query.end() && !Poco::NumberParser::tryParse(given->second, value)) {
    throw Refusal::invalid(std::string(name) + " is not a number");
  }
  return value;
}

Answer list(State& state, const Request& request) {
  std::optional<Filter> filter;
  if (const auto given = request.query.find("filter"); given != request.query.end()) {
    filter = Filter::parse(given->second);
    if (!filter) return error(400, "Given filter operator is not supported.", "invalidFilter");
  }
  const int start = std::max(1, number(request, "startIndex", 1));
  const int count = std::max(0, number(request, "count", std::numeric_limits<int>::max()));
  return state.read([&](const Data& data) {
    Array::Ptr page = new Array;
    int total = 0;
    for (const Principal& principal : data.principals) {
      if (!principal.service_principal || !principal.member ||
          (filter && !filter->matches(principal)))
        continue;
      ++total;
      if (total >= start && total - start < count) page->add(service_principal(principal));
    }
    Object json;
    json.set("schemas", one("urn:ietf:params:scim:api:messages:2.0:ListResponse"));
    json.set("totalResults", total);
    json.set("startIndex", start);
    json.set("itemsPerPage", page->size());
    if (page->size() > 0) json.set("Resources", page);
    return Answer(json);
  });
}

Answer get(State& state, const Request& request) {
  const std::string& id = request.parameters.at("id");
  return state.read([&](const Data& data) {
    for (const Principal& principal : data.principals) {
      if (principal.service_principal && principal.member && std::to_string(principal.id) == id) {
        return Answer(*service_principal(principal));
      }
    }
    return error(404, "ServicePrincipal with id " + id + " is not found");
  });
}

}  // namespace

void add_scim_routes(Router& router, State& state) {
  const auto add = [&](const char* path, Access access, auto handler) {
    router.add("GET", path, access,
               [&state, handler](const Request& request) { return handler(state, request); });
  };
  add("/api/2.0/preview/scim/v2/Me", Access::kUser, me);
  add("/api/2.0/preview/scim/v2/ServicePrincipals", Access::kAdmin, list);
  add("/api/2.0/preview/scim/v2/ServicePrincipals/{id}", Access::kAdmin, get);
}

}  // namespace local_workspace
