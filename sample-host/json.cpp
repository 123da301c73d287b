#include "json.hpp"

#include <Poco/DateTimeFormat.h>
#include <Poco/DateTimeFormatter.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Timestamp.h>

#include <sstream>

namespace sample_host {
namespace {

using Poco::Dynamic::Var;

bool is_time(const std::string& name) {
  return name.ends_with("_time") || name.ends_with("_at") || name == "at" ||
         name == "retire_after" || name == "last_used_day";
}

/// Milliseconds since 1970 as "2027-03-01T12:00:00Z".
std::string date(std::int64_t milliseconds) {
  return Poco::DateTimeFormatter::format(Poco::Timestamp(milliseconds * 1000),
                                         Poco::DateTimeFormat::ISO8601_FORMAT);
}

std::string scalar(const std::string& name, const Var& value) {
  if (value.isEmpty()) return "none";
  if (value.isBoolean()) return value.convert<bool>() ? "yes" : "no";
  if (is_time(name) && value.isInteger()) {
    const auto milliseconds = value.convert<std::int64_t>();
    return milliseconds < 0 ? "never" : date(milliseconds);
  }
  return value.convert<std::string>();
}

template <class T>
const T* get_if(const Var& value) {
  return value.type() == typeid(Poco::SharedPtr<T>) ? value.extract<Poco::SharedPtr<T>>().get()
                                                    : nullptr;
}

/// "action revoke, token_id 5684c9" for a small object of scalars, otherwise nothing.
std::string one_line(const Poco::JSON::Object& object) {
  constexpr std::size_t kMost = 3;
  std::string text;
  for (const auto& name : object.getNames()) {
    const Var value = object.get(name);
    if (object.size() > kMost || get_if<Poco::JSON::Object>(value) != nullptr ||
        get_if<Poco::JSON::Array>(value) != nullptr)
      return "";
    text += (text.empty() ? "" : ", ") + name + " " + scalar(name, value);
  }
  return text;
}

/// One member; the elements of an array follow each other, each under the array's name.
void append(std::string& text, const std::string& name, const Var& value, std::size_t indent) {
  const std::string start = std::string(indent, ' ') + name + ":";
  if (const auto* object = get_if<Poco::JSON::Object>(value)) {
    const std::string line = one_line(*object);
    text += start + (line.empty() ? "\n" + to_prose(*object, indent + 2) : " " + line + "\n");
  } else if (const auto* array = get_if<Poco::JSON::Array>(value)) {
    if (array->size() == 0) text += start + " none\n";
    for (const Var& element : *array) append(text, name, element, indent);
  } else {
    text += start + " " + scalar(name, value) + "\n";
  }
}

}  // namespace

Poco::JSON::Object::Ptr make_object() {
  return new Poco::JSON::Object(Poco::JSON_PRESERVE_KEY_ORDER);
}

Poco::JSON::Object::Ptr parse_object(const std::string& text) {
  Poco::JSON::Parser parser(new Poco::JSON::ParseHandler(true));
  return parser.parse(text).extract<Poco::JSON::Object::Ptr>();
}

std::string to_text(const Poco::JSON::Object& object) {
  std::ostringstream text;
  object.stringify(text);
  return std::move(text).str();
}

std::string to_prose(const Poco::JSON::Object& object, std::size_t indent) {
  std::string text;
  for (const auto& name : object.getNames()) append(text, name, object.get(name), indent);
  return text;
}

}  // namespace sample_host
