// JSON Schema (draft-07, by valijson), with errors in words that a person understands.
#pragma once

#include <Poco/Dynamic/Var.h>
#include <hub/strict_json.hpp>
#include <hub/trusted_file.hpp>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace hub {

struct SchemaError {
  std::string pointer;  // of the value that is to blame; empty for the root
  std::string message;  // "is a string, but must be an integer"; never quotes a value
  std::string hint;     // what the schema says about the place
};

/// A schema, compiled once. `format` is not checked; `$ref` works within the document. Thread-safe.
class JsonSchema {
 public:
  /// Throws std::invalid_argument when `schema` is none.
  explicit JsonSchema(Poco::Dynamic::Var schema);
  JsonSchema(JsonSchema&&) noexcept;
  JsonSchema& operator=(JsonSchema&&) = delete;
  ~JsonSchema();

  /// Nothing when `value` is valid. Strings over 4096 bytes are refused, since std::regex recurses
  /// by length.
  std::optional<SchemaError> first_error(const Poco::Dynamic::Var& value) const;

  const Poco::Dynamic::Var& document() const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

/// Those of host-sdk/schemas/, built in.
namespace schemas {
const JsonSchema& connector_manifest();
const JsonSchema& connection();
const JsonSchema& describe();
const JsonSchema& host();
}  // namespace schemas

/// A trusted file's strict JSON, valid by `schema`. Throws Refused with file, line and pointer.
LocatedJson read_json_file(const std::filesystem::path& file, const JsonSchema& schema);

}  // namespace hub
