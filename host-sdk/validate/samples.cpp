#include "samples.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Stringifier.h>
#include <hub/host.hpp>

#include <algorithm>
#include <limits>
#include <numeric>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "schema_walk.hpp"

namespace hub::validate {
namespace {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr int kMaxDepth = 8;
constexpr std::size_t kTries = 200;
constexpr std::size_t kMaxSize = 4096;  // of texts and arrays; a schema may allow any

std::string to_text(const Var& value) {
  std::ostringstream text;
  Poco::JSON::Stringifier::stringify(value, text);
  return text.str();
}

Var parsed(const std::string& text) { return parse_strict_json(text, "a sample").value; }

/// The schema with one of its alternatives, and all of its parts, in it.
Object::Ptr merged(const Object::Ptr& into, const Object::Ptr& from) {
  Object::Ptr whole = new Object(*into);
  for (const auto& [key, value] : *from) {
    if (key == "properties" && whole->has(key)) {
      Object::Ptr properties = new Object(*whole->getObject(key));
      for (const auto& [name, schema] : *from->getObject(key)) properties->set(name, schema);
      whole->set(key, properties);
    } else if (key == "required" && whole->has(key)) {
      Array::Ptr required = new Array(*whole->getArray(key));
      for (const auto& name : *from->getArray(key)) required->add(name);
      whole->set(key, required);
    } else {
      whole->set(key, value);
    }
  }
  return whole;
}

}  // namespace

Samples::Samples(const JsonSchema& schema, std::uint64_t seed)
    : schema_(schema), root_(schema.document().extract<Object::Ptr>()), random_(seed) {}

std::optional<std::string> Samples::smallest() {
  for (std::size_t i = 0; i < kTries; ++i) {
    const Var made = make(root_, true, 0);
    if (!schema_.first_error(made)) return to_text(made);
  }
  return std::nullopt;
}

std::vector<std::string> Samples::valid(std::size_t at_most) {
  std::set<std::string> made;
  for (std::size_t i = 0; i < kTries && made.size() < at_most; ++i) {
    const Var one = make(root_, i == 0, 0);
    if (!schema_.first_error(one)) made.insert(to_text(one));
  }
  return {made.begin(), made.end()};
}

std::vector<std::string> Samples::valid_changes(const std::string& text, std::size_t at_most) {
  std::set<std::string> made;
  for (std::size_t i = 0; i < kTries && made.size() < at_most; ++i) {
    const Var one = change(parsed(text), false);
    if (!schema_.first_error(one)) made.insert(to_text(one));
  }
  return {made.begin(), made.end()};
}

std::vector<std::string> Samples::broken(const std::string& text, std::size_t at_most) {
  std::vector<std::string> made{"",
                                "null",
                                "[]",
                                "0",
                                "\"text\"",
                                "{}",
                                "{",
                                "\xff\xfe",
                                std::string(10000, '['),
                                std::string(100000, ' ') + "{}",
                                std::string("{\"a\": \"\0\"}", 10),
                                "{\"a\": 1, \"a\": 2}"};
  while (made.size() < at_most) {
    made.push_back(to_text(change(parsed(text), true)));
    std::string cut = text.substr(0, pick(text.size()));
    made.push_back(std::move(cut));
  }
  made.resize(std::min(made.size(), at_most));
  return made;
}

Var Samples::make(const Object::Ptr& schema, bool small, int depth) {
  if (schema->has("const")) return schema->get("const");
  if (const Array::Ptr values = schema->getArray("enum"); values && values->size() != 0)
    return values->get(static_cast<unsigned>(pick(values->size())));
  if (depth > kMaxDepth) return Var();
  if (const auto alternatives = branches(root_, schema); !alternatives.empty()) {
    Object::Ptr rest = new Object(*schema);
    for (const char* word : {"oneOf", "anyOf", "allOf", "then", "else"}) rest->remove(word);
    if (!schema->has("allOf"))
      return make(merged(rest, alternatives[pick(alternatives.size())]), small, depth + 1);
    for (const auto& part : alternatives) rest = merged(rest, part);
    return make(rest, small, depth + 1);
  }
  std::string type = schema->has("properties") ? "object" : "string";
  if (schema->isArray("type")) {
    const Array::Ptr types = schema->getArray("type");
    type = types->getElement<std::string>(static_cast<unsigned>(pick(types->size())));
  } else if (schema->has("type")) {
    type = schema->getValue<std::string>("type");
  } else if (depth == 0) {
    type = "object";
  }
  if (type == "object") return make_object(schema, small, depth);
  if (type == "string") return make_text(schema);
  if (type == "boolean") return pick(2) == 1;
  if (type == "null") return Var();
  if (type == "array") {
    Array::Ptr array = new Array;
    const auto least = std::min(schema->optValue<std::size_t>("minItems", 0), kMaxSize);
    const Object::Ptr items = child(root_, schema, "items");
    for (std::size_t i = 0, end = least + (small ? 0 : pick(3)); i < end; ++i)
      array->add(make(items ? items : new Object, small, depth + 1));
    return array;
  }
  const auto least = schema->optValue<std::int64_t>("minimum", 0);
  const auto most = schema->optValue<std::int64_t>("maximum", std::numeric_limits<int>::max());
  const std::int64_t choices[] = {least, most, std::midpoint(least, most),
                                  least < most ? least + 1 : least};
  return choices[pick(std::size(choices))];
}

Var Samples::make_object(const Object::Ptr& schema, bool small, int depth) {
  std::set<std::string> required;
  if (const Array::Ptr names = schema->getArray("required")) {
    for (const auto& name : *names) required.insert(name.convert<std::string>());
  }
  Object::Ptr object = new Object;
  const Object::Ptr properties = schema->getObject("properties");
  for (const std::string& name : properties ? properties->getNames() : std::vector<std::string>()) {
    if (!required.contains(name) && (small || pick(2) == 0)) continue;
    if (const Object::Ptr below = child(root_, properties, name))
      object->set(name, make(below, small, depth + 1));
  }
  for (const std::string& name : required) {
    if (!object->has(name)) object->set(name, std::string("text"));
  }
  return object;
}

Var Samples::make_text(const Object::Ptr& schema) {
  std::vector<Var> candidates;
  if (schema->has("default")) candidates.push_back(schema->get("default"));
  if (const Array::Ptr examples = schema->getArray("examples"))
    candidates.insert(candidates.end(), examples->begin(), examples->end());
  const auto least = std::min(schema->optValue<std::size_t>("minLength", 0), kMaxSize);
  const auto most = std::min(schema->optValue<std::size_t>("maxLength", least + 40), kMaxSize);
  for (const std::string& text :
       {std::string("text"), std::string("1"), std::string(least, 'a'), std::string(most, 'b'),
        std::string("2027-01-01T00:00:00Z"), std::string("https://127.0.0.1:9"),
        std::string("00000000-0000-4000-8000-000000000000"),
        std::string("\xc3\xa9\"\\/<&\xf0\x9f\x94\x91"), std::string("text with spaces")}) {
    candidates.emplace_back(text);
  }
  const JsonSchema own{Var(schema)};
  const std::size_t first = pick(candidates.size());
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    const Var& candidate = candidates[(first + i) % candidates.size()];
    if (!own.first_error(candidate)) return candidate;
  }
  return std::string("text");
}

/// Of `value`, which is changed in place: one member or element is exchanged or removed.
Var Samples::change(const Var& value, bool wildly) {
  if (value.type() == typeid(Object::Ptr)) {
    auto object = value.extract<Object::Ptr>();
    const auto names = object->getNames();
    if (names.empty() || (wildly && pick(8) == 0)) {
      if (wildly) object->set("unknown", odd_value());
      return value;
    }
    const std::string& name = names[pick(names.size())];
    switch (pick(3)) {
      case 0:
        object->remove(name);
        return value;
      case 1:
        object->set(name, odd_value());
        return value;
      default:
        object->set(name, change(object->get(name), wildly));
        return value;
    }
  }
  if (value.type() == typeid(Array::Ptr)) {
    auto array = value.extract<Array::Ptr>();
    if (array->size() == 0 || pick(3) == 0) {
      array->add(odd_value());
      return value;
    }
    const auto at = static_cast<unsigned>(pick(array->size()));
    array->set(at, change(array->get(at), wildly));
    return value;
  }
  return odd_value();
}

Var Samples::odd_value() {
  switch (pick(10)) {
    case 0:
      return Var();
    case 1:
      return std::numeric_limits<std::int64_t>::max();
    case 2:
      return std::numeric_limits<std::int64_t>::min();
    case 3:
      return 1e300;
    case 4:
      return std::string();
    case 5:
      return std::string(4000, 'x');
    case 6:
      return std::string("\x01\x7f%s%n/../\xf0\x9f\x94\x91");
    case 7:
      return Object::Ptr(new Object);
    case 8:
      return Array::Ptr(new Array);
    default:
      return pick(2) == 1;
  }
}

}  // namespace hub::validate
