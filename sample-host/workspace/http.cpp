#include "workspace/http.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <Poco/NumberParser.h>

#include <sstream>

namespace local_workspace {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

template <typename T>
const T& as(const Var& value, const std::string& name, const char* expected) {
  if (value.type() != typeid(T)) throw Refusal::invalid(name + " is not " + expected);
  return value.extract<T>();
}

/// Each element of the array `name` of `object`, turned by `take`; nothing when it is absent.
template <typename T, typename Take>
std::optional<std::vector<T>> each(const Object& object, const std::string& name, Take take) {
  const Var value = object.get(name);
  if (value.isEmpty()) return std::nullopt;
  std::vector<T> result;
  for (const Var& item : *as<Array::Ptr>(value, name, "an array")) result.push_back(take(item));
  return result;
}

}  // namespace

Answer::Answer(const Object& json, int http_status) : status(http_status) {
  std::ostringstream text;
  json.stringify(text);
  body = text.str();
}

Refusal::Refusal(int status, Var code, std::string message)
    : status_(status), code_(std::move(code)), message_(std::move(message)) {}

Answer Refusal::answer() const {
  Object json;
  json.set("error_code", code_);
  json.set("message", message_);
  return Answer(json, status_);
}

Body::Body(const std::string& text) {
  const Refusal malformed(400, std::string("MALFORMED_REQUEST"),
                          "The request's body is not a JSON object.");
  try {
    const Var value = Poco::JSON::Parser().parse(text.empty() ? "{}" : text);
    if (value.type() != typeid(Object::Ptr)) throw malformed;
    object_ = value.extract<Object::Ptr>();
  } catch (const Poco::Exception&) {
    throw malformed;
  }
}

std::optional<std::string> Body::text(const std::string& name) const {
  const Var value = object_->get(name);
  if (value.isEmpty()) return std::nullopt;
  return as<std::string>(value, name, "a string");
}

std::optional<std::int64_t> Body::integer(const std::string& name) const {
  const Var value = object_->get(name);
  if (value.isEmpty()) return std::nullopt;
  Poco::Int64 number = 0;
  if (value.isBoolean() || !(value.isInteger() || value.isString()) ||
      !Poco::NumberParser::tryParse64(value.toString(), number)) {
    throw Refusal::invalid(name + " is not an integer");
  }
  return number;
}

std::optional<bool> Body::boolean(const std::string& name) const {
  const Var value = object_->get(name);
  if (value.isEmpty()) return std::nullopt;
  return as<bool>(value, name, "true or false");
}

std::optional<std::vector<std::string>> Body::texts(const std::string& name) const {
  return each<std::string>(*object_, name, [&](const Var& item) {
    return as<std::string>(item, "an element of " + name, "a string");
  });
}

std::optional<Body> Body::object(const std::string& name) const {
  const Var value = object_->get(name);
  if (value.isEmpty()) return std::nullopt;
  return Body(as<Object::Ptr>(value, name, "an object"));
}

std::optional<std::vector<Body>> Body::objects(const std::string& name) const {
  return each<Body>(*object_, name, [&](const Var& item) {
    return Body(as<Object::Ptr>(item, "an element of " + name, "an object"));
  });
}

}  // namespace local_workspace
