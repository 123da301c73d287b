#include "databricks/json.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace databricks_token {
namespace {

using rapidjson::SizeType;
using rapidjson::Value;

constexpr int kMaxDepth = 64;

/// Lets a document be built of what is not too deep.
class Shallow {
 public:
  explicit Shallow(rapidjson::Document& document) : document_(document) {}

  bool Null() { return document_.Null(); }
  bool Bool(bool value) { return document_.Bool(value); }
  bool Int(int value) { return document_.Int(value); }
  bool Uint(unsigned value) { return document_.Uint(value); }
  bool Int64(std::int64_t value) { return document_.Int64(value); }
  bool Uint64(std::uint64_t value) { return document_.Uint64(value); }
  bool Double(double value) { return document_.Double(value); }
  bool RawNumber(const char* text, SizeType size, bool copy) {
    return document_.RawNumber(text, size, copy);
  }
  bool String(const char* text, SizeType size, bool copy) {
    return document_.String(text, size, copy);
  }
  bool Key(const char* text, SizeType size, bool copy) { return document_.Key(text, size, copy); }
  bool StartObject() { return ++depth_ <= kMaxDepth && document_.StartObject(); }
  bool EndObject(SizeType members) {
    --depth_;
    return document_.EndObject(members);
  }
  bool StartArray() { return ++depth_ <= kMaxDepth && document_.StartArray(); }
  bool EndArray(SizeType elements) {
    --depth_;
    return document_.EndArray(elements);
  }

 private:
  rapidjson::Document& document_;
  int depth_ = 0;
};

std::string_view view_of(const Value& value) {
  return {value.GetString(), value.GetStringLength()};
}

}  // namespace

/// Texts are where they stood in the text, so that no copy of one is left anywhere.
struct JsonObject::Document {
  explicit Document(std::string from) : text(std::move(from)) {
    rapidjson::InsituStringStream stream(text.data());
    const auto generate = [&](rapidjson::Document& built) {
      Shallow shallow(built);
      constexpr unsigned kFlags =
          rapidjson::kParseInsituFlag | rapidjson::kParseValidateEncodingFlag;
      return !rapidjson::Reader().Parse<kFlags>(stream, shallow).IsError();
    };
    root.Populate(generate);
    is_object = root.IsObject() && stream.Tell() == text.size();
  }
  ~Document() { wipe(text); }

  std::string text;
  rapidjson::Document root{};
  bool is_object;
};

std::optional<JsonObject> JsonObject::parse(std::string text) {
  const auto document = std::make_shared<Document>(std::move(text));
  if (!document->is_object) return std::nullopt;
  return JsonObject(document, document->root, "");
}

void JsonObject::wrong(const std::string& name, const char* type) const {
  throw WrongShape(path_ + name + " is not " + type);
}

Value* JsonObject::find(const std::string& name) const {
  const auto member = object_->FindMember(Value(rapidjson::StringRef(name.data(), name.size())));
  return member == object_->MemberEnd() || member->value.IsNull() ? nullptr : &member->value;
}

std::optional<std::string> JsonObject::text(const std::string& name) const {
  const Value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->IsString()) wrong(name, "a string");
  return std::string(view_of(*value));
}

std::optional<std::int64_t> JsonObject::integer(const std::string& name) const {
  const Value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (value->IsInt64()) return value->GetInt64();
  std::int64_t number = 0;
  const std::string_view digits = value->IsString() ? view_of(*value) : std::string_view();
  const auto read = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (read.ec != std::errc{} || read.ptr != digits.data() + digits.size())
    wrong(name, "an integer of 64 bits");
  return number;
}

std::optional<bool> JsonObject::boolean(const std::string& name) const {
  const Value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->IsBool()) wrong(name, "true or false");
  return value->GetBool();
}

const Value* JsonObject::find_array(const std::string& name, const char* type) const {
  const Value* const value = find(name);
  if (value != nullptr && !value->IsArray()) wrong(name, type);
  return value;
}

std::optional<std::vector<std::string>> JsonObject::texts(const std::string& name) const {
  constexpr const char* kType = "an array of strings";
  const Value* const array = find_array(name, kType);
  if (array == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const Value& element : array->GetArray()) {
    if (!element.IsString()) wrong(name, kType);
    texts.emplace_back(view_of(element));
  }
  return texts;
}

std::optional<JsonObject> JsonObject::object(const std::string& name) const {
  Value* const value = find(name);
  if (value == nullptr) return std::nullopt;
  if (!value->IsObject()) wrong(name, "an object");
  return JsonObject(document_, *value, path_ + name + ".");
}

std::set<std::string> JsonObject::names() const {
  std::set<std::string> names;
  for (const auto& member : object_->GetObject()) names.emplace(view_of(member.name));
  return names;
}

std::vector<JsonObject> JsonObject::objects(const std::string& name) const {
  constexpr const char* kType = "an array of objects";
  const Value* const array = find_array(name, kType);
  if (array == nullptr) return {};
  std::vector<JsonObject> objects;
  for (const Value& element : array->GetArray()) {
    if (!element.IsObject()) wrong(name, kType);
    objects.push_back(JsonObject(document_, const_cast<Value&>(element),
                                 path_ + name + "[" + std::to_string(objects.size()) + "]."));
  }
  return objects;
}

hub::Secret JsonObject::take_secret(const std::string& name) {
  const Value* const value = find(name);
  if (value == nullptr) throw WrongShape(path_ + name + " is missing");
  if (!value->IsString()) wrong(name, "a string");
  const std::string_view held = view_of(*value);
  hub::Secret secret(held);
  std::fill_n(const_cast<char*>(held.data()), held.size(), '\0');
  const std::string_view bytes = secret.reveal();
  if (bytes.empty() ||
      !std::all_of(bytes.begin(), bytes.end(), [](char c) { return c > ' ' && c <= '~'; }))
    wrong(name, "printable text");
  return secret;
}

void wipe(std::string& text) {
  volatile char* byte = text.data();
  for (std::size_t i = 0; i < text.size(); ++i) byte[i] = 0;
}

}  // namespace databricks_token
