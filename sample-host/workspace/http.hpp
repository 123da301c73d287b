#pragma once

#include <Poco/Dynamic/Var.h>
#include <Poco/JSON/Object.h>

#include <cstdint>
#include <exception>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace local_workspace {

/// Who asks.
struct Caller {
  std::int64_t id = 0;
  std::string name;
};

struct Request {
  std::string method;
  std::string path;  ///< without the query
  std::map<std::string, std::string> query;
  std::string authorization;           ///< the header, empty when there is none
  std::string azure_management_token;  ///< X-Databricks-Azure-SP-Management-Token, likewise
  std::string azure_resource_id;       ///< X-Databricks-Azure-Workspace-Resource-Id, likewise
  std::string body;
  std::map<std::string, std::string> parameters;  ///< what {name} in the route's pattern matched
  Caller caller;                                  ///< set when the route asks for one
};

struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;

  Answer() = default;
  explicit Answer(const Poco::JSON::Object& json, int http_status = 200);
};

/// Ends a request with an error in the envelope of Databricks' API: {"error_code", "message"}.
class Refusal : public std::exception {
 public:
  /// `code` is a word or, from the gateway, a number.
  Refusal(int status, Poco::Dynamic::Var code, std::string message);
  const char* what() const noexcept override { return message_.c_str(); }
  Answer answer() const;

  static Refusal invalid(std::string message) {
    return {400, std::string("INVALID_PARAMETER_VALUE"), std::move(message)};
  }

 private:
  int status_;
  Poco::Dynamic::Var code_;
  std::string message_;
};

/// A request's JSON object, read field by field. A field of the wrong type is a Refusal that names
/// it; null counts as absent, as protobuf's JSON has it.
class Body {
 public:
  /// Throws a Refusal (MALFORMED_REQUEST) when the text is not a JSON object.
  explicit Body(const std::string& text);
  explicit Body(Poco::JSON::Object::Ptr object) : object_(std::move(object)) {}

  std::optional<std::string> text(const std::string& name) const;
  /// A number or, as protobuf's JSON allows for int64, a string of digits.
  std::optional<std::int64_t> integer(const std::string& name) const;
  std::optional<bool> boolean(const std::string& name) const;
  std::optional<std::vector<std::string>> texts(const std::string& name) const;
  std::optional<Body> object(const std::string& name) const;
  std::optional<std::vector<Body>> objects(const std::string& name) const;

  const Poco::JSON::Object& json() const { return *object_; }

 private:
  Poco::JSON::Object::Ptr object_;
};

}  // namespace local_workspace
