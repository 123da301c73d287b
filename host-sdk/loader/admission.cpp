#include "admission.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Stringifier.h>

#include <limits>
#include <sstream>
#include <utility>

#include "refuse.hpp"
#include "schema_walk.hpp"

namespace hub {
namespace {

namespace fs = std::filesystem;
using Poco::Dynamic::Var;
using Poco::JSON::Array;
using Poco::JSON::Object;

Location place(const ConnectionManifest& manifest, const std::string& pointer,
               const std::string& rule) {
  return {.file = manifest.file().string(),
          .line = manifest.line_of(pointer),
          .path = pointer,
          .rule = rule};
}

/// Makes strings of "format": "path" absolute, once they are found to be trustworthy.
class PathResolver {
 public:
  PathResolver(const ConnectionManifest& manifest, const JsonSchema& schema)
      : manifest_(manifest), root_(schema.document().extract<Object::Ptr>()) {}

  Var resolve(const Var& config) const { return walk(root_, config, "/config"); }

 private:
  /// Objects and arrays are changed in place.
  Var walk(const Object::Ptr& schema, Var value, const std::string& pointer) const {
    if (value.isString() && schema->optValue<std::string>("format", "") == "path")
      return trusted(value.extract<std::string>(), pointer);
    if (value.type() == typeid(Object::Ptr)) {
      auto object = value.extract<Object::Ptr>();
      for (const std::string& key : object->getNames()) {
        if (const auto below = schema_below(root_, schema, key))
          object->set(key, walk(below, object->get(key), pointer_below(pointer, key)));
      }
    }
    if (value.type() == typeid(Array::Ptr)) {
      auto array = value.extract<Array::Ptr>();
      for (unsigned i = 0; i < array->size(); ++i) {
        const std::string key = std::to_string(i);
        if (const auto below = schema_below(root_, schema, key))
          array->set(i, walk(below, array->get(i), pointer_below(pointer, key)));
      }
    }
    for (const auto& branch : branches(root_, schema)) value = walk(branch, value, pointer);
    return value;
  }

  std::string trusted(const std::string& path, const std::string& pointer) const {
    const fs::path absolute = manifest_.file().parent_path() / path;
    try {
      if (fs::is_directory(absolute)) {
        check_trusted_directory(absolute);
      } else {
        TrustedFile(absolute, {.max_bytes = std::numeric_limits<std::size_t>::max()});
      }
    } catch (const Refused& wrong) {
      refuse(place(manifest_, pointer, wrong.where.rule), wrong.error.status, wrong.error.reason,
             "names what the host will not use: " + wrong.error.message, wrong.error.hint);
    }
    return absolute.string();
  }

  const ConnectionManifest& manifest_;
  Object::Ptr root_;
};

std::string names_of(const Description::Secrets& secrets) {
  std::string names;
  for (const auto& [name, unused] : secrets) names += (names.empty() ? "" : ", ") + name;
  return names;
}

void check_grants(const Description& description, const ConnectionManifest& manifest) {
  const std::string rule = "HUB-L-14";
  for (const auto& [name, grant] : manifest.secrets()) {
    const std::string pointer = pointer_below("/secrets", name);
    const auto declared = description.secrets.find(name);
    if (declared == description.secrets.end()) {
      refuse(place(manifest, pointer, rule), Status::kPermissionDenied, "SECRET_UNDECLARED",
             "is no secret of " + description.id,
             "its secrets are: " + names_of(description.secrets));
    }
    const bool rotates = declared->second.rotates;
    if (rotates == grant.slot.empty()) {
      refuse(place(manifest, pointer, rule), Status::kInvalidArgument, "SECRET_MISMATCHED",
             rotates ? "rotates, so it needs a slot" : "is a credential, so it needs a reference",
             rotates ? R"(write {"slot": "NAME"})" : R"(write {"reference": "env:NAME"})");
    }
  }
  for (const auto& [name, declared] : description.secrets) {
    if (declared.required && !manifest.secrets().contains(name)) {
      refuse(place(manifest, "/secrets", rule), Status::kInvalidArgument, "SECRET_MISSING",
             "lacks \"" + name + "\", which " + description.id + " requires",
             "grant it: \"" + name + "\": " +
                 (declared.rotates ? R"({"slot": "NAME"})" : R"({"reference": "env:NAME"})"));
    }
  }
}

}  // namespace

std::string admit(const Description& description, const ConnectionManifest& manifest) {
  if (manifest.connector() != description.id) {
    refuse(place(manifest, "/connector", "HUB-L-13"), Status::kInvalidArgument, "CONNECTOR_UNKNOWN",
           "is " + manifest.connector() + ", but this is " + description.id,
           "open it by the library of " + manifest.connector());
  }
  const Var config = parse_strict_json(manifest.config_json(), manifest.file().string()).value;
  if (const auto error = description.config.first_error(config)) {
    refuse(place(manifest, "/config" + error->pointer, "HUB-L-13"), Status::kInvalidArgument,
           "SCHEMA_VIOLATED", error->message, error->hint);
  }
  check_grants(description, manifest);
  std::ostringstream resolved;
  Poco::JSON::Stringifier::stringify(PathResolver(manifest, description.config).resolve(config),
                                     resolved);
  return resolved.str();
}

}  // namespace hub
