// JSON from a workspace, read strictly: a member is absent or has its type.
#pragma once

#include <hub/secret.hpp>

#include <rapidjson/fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace databricks_token {

/// A member is missing or has another type. what() names it, "token_infos[3].owner_id is not an
/// integer", and says nothing of its value.
class WrongShape : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A JSON object. Members that are absent or null are nothing; those of another type throw
/// WrongShape; those that nobody asks for are ignored. A view: copies share the object.
class JsonObject {
 public:
  /// Nothing if `text` is not one JSON object in valid UTF-8, at most 64 levels deep.
  /// Keeps `text`, and wipes it in the end.
  static std::optional<JsonObject> parse(std::string text);

  std::optional<std::string> text(const std::string& name) const;
  /// All of int64, also as a string: some clients and servers write it so (databricks-sdk-py reads
  /// each with int()). Never through a double, which would round ids above 2^53.
  std::optional<std::int64_t> integer(const std::string& name) const;
  std::optional<bool> boolean(const std::string& name) const;
  std::optional<std::vector<std::string>> texts(const std::string& name) const;
  std::optional<JsonObject> object(const std::string& name) const;
  /// Empty if absent.
  std::vector<JsonObject> objects(const std::string& name) const;

  /// Of its members.
  std::set<std::string> names() const;

  /// A text that is secret and must be there; what the parsed object held of it is overwritten.
  /// Throws WrongShape also if it is not printable ASCII without spaces: it is to stand in a
  /// header, and nothing more is promised of its form (terraform-provider-databricks' tests have
  /// "s#Cr3t!11").
  hub::Secret take_secret(const std::string& name);

  /// For a member that must be there: throws WrongShape for nothing.
  template <class T>
  T required(const std::string& name, std::optional<T> value) const {
    if (!value) throw WrongShape(path_ + name + " is missing");
    return *std::move(value);
  }

 private:
  struct Document;

  JsonObject(std::shared_ptr<Document> document, rapidjson::Value& object, std::string path)
      : document_(std::move(document)), object_(&object), path_(std::move(path)) {}

  rapidjson::Value* find(const std::string& name) const;
  const rapidjson::Value* find_array(const std::string& name, const char* type) const;
  [[noreturn]] void wrong(const std::string& name, const char* type) const;

  std::shared_ptr<Document> document_;
  rapidjson::Value* object_;  // in the document
  std::string path_;          // with which the names of this object's members begin in messages
};

/// Overwrites the bytes, as far as they are still in this string.
void wipe(std::string& text);

}  // namespace databricks_token
