#include "schema_words.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Stringifier.h>

#include <sstream>
#include <string_view>
#include <utility>

#include "schema_walk.hpp"

namespace hub {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

namespace {

std::string json_of(const Var& value) {
  std::ostringstream out;
  Poco::JSON::Stringifier::stringify(value, out);
  return out.str();
}

std::string type_of(const Var& value) {
  if (value.isEmpty()) return "null";
  if (value.type() == typeid(Object::Ptr)) return "an object";
  if (value.type() == typeid(Array::Ptr)) return "an array";
  if (value.isBoolean()) return "a boolean";
  if (value.isString()) return "a string";
  return value.isInteger() ? "an integer" : "a number";
}

std::string list_of(const Array::Ptr& values) {
  std::string list;
  for (const Var& each : *values) list += (list.empty() ? "" : ", ") + json_of(each);
  return list;
}

/// The name in a text of valijson's that goes `prefix 'NAME'.`
std::string named_in(const std::string& text, std::string_view prefix) {
  const auto first = text.find(prefix) + prefix.size() + 2;
  return text.substr(first, text.rfind('\'') - first);
}

/// Which keys an object may have, as a hint.
std::string known_keys(const Object::Ptr& schema) {
  std::string known;
  if (const auto properties = schema ? schema->getObject("properties") : Object::Ptr()) {
    for (const auto& [key, unused] : *properties) {
      if (key != "$schema") known += (known.empty() ? "known are: " : ", ") + key;
    }
  }
  if (const auto patterns = schema ? schema->getObject("patternProperties") : Object::Ptr()) {
    for (const auto& [pattern, unused] : *patterns)
      known += (known.empty() ? "a key must match " : ", or match ") + pattern;
  }
  return known.empty() ? "remove it" : known;
}

std::string limits_of(const Object::Ptr& schema) {
  static constexpr std::pair<const char*, const char*> kLimits[] = {
      {"minimum", "at least "},
      {"exclusiveMinimum", "more than "},
      {"maximum", "at most "},
      {"exclusiveMaximum", "less than "}};
  std::string limits;
  for (const auto& [key, words] : kLimits) {
    if (schema->has(key))
      limits += (limits.empty() ? "" : " and ") + std::string(words) + json_of(schema->get(key));
  }
  return limits;
}

}  // namespace

std::string allowed_values(const Object::Ptr& schema) {
  if (schema->has("const")) return json_of(schema->get("const"));
  return schema->isArray("enum") ? list_of(schema->getArray("enum")) : "";
}

Var value_at(Var value, const std::vector<std::string>& path) {
  for (const std::string& key : path) {
    if (value.type() == typeid(Object::Ptr)) {
      value = value.extract<Object::Ptr>()->get(key);
    } else if (value.type() == typeid(Array::Ptr)) {
      value = value.extract<Array::Ptr>()->get(static_cast<unsigned>(std::stoul(key)));
    } else {
      return {};
    }
  }
  return value;
}

Object::Ptr schema_at(const Object::Ptr& root, Object::Ptr node,
                      const std::vector<std::string>& path) {
  for (const std::string& key : path) {
    if (!node) return {};
    auto below = schema_below(root, node, key);
    for (const auto& branch : branches(root, node)) {
      if (!below) below = schema_below(root, branch, key);
    }
    node = std::move(below);
  }
  return node;
}

SchemaError in_words(const Object::Ptr& root, const Object::Ptr& node, const Var& value,
                     const Verdict& verdict) {
  const std::string& text = verdict.text;
  SchemaError error;
  for (const std::string& key : verdict.path) error.pointer = pointer_below(error.pointer, key);
  const Object::Ptr schema = schema_at(root, node, verdict.path);
  if (schema) error.hint = schema->optValue<std::string>("description", "");

  if (text.starts_with("Object contains a property")) {
    error.pointer = pointer_below(error.pointer, named_in(text, "constraints:"));
    error.message = "is not a key that is known here";
    error.hint = known_keys(schema);
  } else if (text.starts_with("Missing required property")) {
    const std::string missing = named_in(text, "property");
    error.message = "lacks the key \"" + missing + "\"";
    if (const auto wanted = schema_at(root, node, [&] {
          auto path = verdict.path;
          path.push_back(missing);
          return path;
        }())) {
      error.hint = "add it: " + wanted->optValue<std::string>("description", missing);
    }
  } else if (!schema) {
    error.message = "is not valid: " + text;
  } else if (text.starts_with("Value type not permitted")) {
    const Var type = schema->get("type");
    error.message =
        "is " + type_of(value_at(value, verdict.path)) + ", but must be of type " +
        (schema->isArray("type") ? list_of(schema->getArray("type")) : type.convert<std::string>());
  } else if (const std::string allowed = allowed_values(schema);
             text.find("'const'") != std::string::npos ||
             text.find("enum values") != std::string::npos) {
    error.message = "must be " + allowed;
    if (schema->has("enum")) error.message = "must be one of " + allowed;
  } else if (text.find("'pattern'") != std::string::npos) {
    error.message = "must match " + schema->optValue<std::string>("pattern", "");
  } else if (text.starts_with("Expected number")) {
    error.message = "must be " + limits_of(schema);
  } else {
    error.message = "is not valid: " + text;
  }
  return error;
}

}  // namespace hub
