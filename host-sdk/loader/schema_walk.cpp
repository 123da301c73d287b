#include "schema_walk.hpp"

#include <Poco/JSON/Array.h>

#include <regex>
#include <sstream>

namespace hub {

using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

namespace {

constexpr int kMaxReferences = 16;  // a circle of $ref ends here

}  // namespace

Object::Ptr resolved(const Object::Ptr& root, const Var& node) {
  Var at = node;
  for (int i = 0; i < kMaxReferences; ++i) {
    if (at.type() != typeid(Object::Ptr)) return {};
    const auto object = at.extract<Object::Ptr>();
    const std::string reference = object->optValue<std::string>("$ref", "");
    if (reference.empty()) return object;
    if (!reference.starts_with("#/")) return {};
    at = root;
    std::istringstream parts(reference.substr(2));
    for (std::string part; std::getline(parts, part, '/');) {
      if (at.type() != typeid(Object::Ptr)) return {};
      at = at.extract<Object::Ptr>()->get(part);
    }
  }
  return {};
}

Object::Ptr child(const Object::Ptr& root, const Object::Ptr& node, const std::string& key) {
  return node ? resolved(root, node->get(key)) : Object::Ptr();
}

std::vector<Object::Ptr> branches(const Object::Ptr& root, const Object::Ptr& node) {
  std::vector<Object::Ptr> found;
  for (const char* list : {"allOf", "anyOf", "oneOf"}) {
    const Array::Ptr each = node->getArray(list);
    for (std::size_t i = 0; each && i < each->size(); ++i) {
      if (const auto branch = resolved(root, each->get(static_cast<unsigned>(i))))
        found.push_back(branch);
    }
  }
  for (const char* one : {"then", "else"}) {
    if (const auto branch = child(root, node, one)) found.push_back(branch);
  }
  return found;
}

Object::Ptr schema_below(const Object::Ptr& root, const Object::Ptr& node, const std::string& key) {
  if (const auto property = child(root, child(root, node, "properties"), key)) return property;
  if (const auto patterns = child(root, node, "patternProperties")) {
    for (const auto& [pattern, schema] : *patterns) {
      if (std::regex_search(key, std::regex(pattern))) return resolved(root, schema);
    }
  }
  if (const auto item = child(root, node, "items")) return item;
  return child(root, node, "additionalProperties");
}

}  // namespace hub
