#include "databricks/json.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace databricks_token {
namespace {

constexpr std::size_t kMaxDepth = 64;

using Array = Poco::JSON::Array::Ptr;
using Object = Poco::JSON::Object::Ptr;

}  // namespace

std::optional<JsonObject> JsonObject::parse(const std::string& text) {
  try {
    Poco::JSON::Parser parser;
    parser.setDepth(kMaxDepth);
    const Poco::Dynamic::Var parsed = parser.parse(text);
    if (parsed.type() != typeid(Object)) return std::nullopt;
    return JsonObject(parsed.extract<Object>(), "");
  } catch (const Poco::Exception&) {
    return std::nullopt;
  }
}

void JsonObject::wrong(const std::string& name, const char* type) const {
  throw WrongShape(path_ + name + " is not " + type);
}

template <class T>
std::optional<T> JsonObject::member(const std::string& name, const char* type) const {
  const Poco::Dynamic::Var value = object_->get(name);
  if (value.isEmpty()) return std::nullopt;
  if (value.type() != typeid(T)) wrong(name, type);
  return value.extract<T>();
}

std::optional<std::string> JsonObject::text(const std::string& name) const {
  return member<std::string>(name, "a string");
}

std::optional<std::int64_t> JsonObject::integer(const std::string& name) const {
  constexpr const char* kType = "an integer of 64 bits";
  if (object_->get(name).type() != typeid(std::string)) return member<Poco::Int64>(name, kType);
  const std::string digits = *text(name);
  std::int64_t value = 0;
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size()) wrong(name, kType);
  return value;
}

std::optional<bool> JsonObject::boolean(const std::string& name) const {
  return member<bool>(name, "true or false");
}

std::optional<std::vector<std::string>> JsonObject::texts(const std::string& name) const {
  constexpr const char* kType = "an array of strings";
  const auto array = member<Array>(name, kType);
  if (!array) return std::nullopt;
  std::vector<std::string> texts;
  for (const Poco::Dynamic::Var& element : **array) {
    if (element.type() != typeid(std::string)) wrong(name, kType);
    texts.push_back(element.extract<std::string>());
  }
  return texts;
}

std::optional<JsonObject> JsonObject::object(const std::string& name) const {
  auto object = member<Object>(name, "an object");
  if (!object) return std::nullopt;
  return JsonObject(*std::move(object), path_ + name + ".");
}

std::set<std::string> JsonObject::names() const {
  const auto names = object_->getNames();
  return {names.begin(), names.end()};
}

std::vector<JsonObject> JsonObject::objects(const std::string& name) const {
  constexpr const char* kType = "an array of objects";
  const auto array = member<Array>(name, kType);
  if (!array) return {};
  std::vector<JsonObject> objects;
  for (const Poco::Dynamic::Var& element : **array) {
    if (element.type() != typeid(Object)) wrong(name, kType);
    objects.push_back(JsonObject(element.extract<Object>(),
                                 path_ + name + "[" + std::to_string(objects.size()) + "]."));
  }
  return objects;
}

hub::Secret JsonObject::take_secret(const std::string& name) {
  for (auto& [key, value] : *object_) {
    if (key != name || value.isEmpty()) continue;
    if (value.type() != typeid(std::string)) wrong(name, "a string");
    auto& held = const_cast<std::string&>(value.extract<std::string>());
    hub::Secret secret(held);
    wipe(held);
    const std::string_view bytes = secret.reveal();
    if (bytes.empty() ||
        !std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > ' ' && c <= '~'; }))
      wrong(name, "printable text");
    return secret;
  }
  throw WrongShape(path_ + name + " is missing");
}

void wipe(std::string& text) {
  volatile char* byte = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) byte[i] = 0;
}

}  // namespace databricks_token
