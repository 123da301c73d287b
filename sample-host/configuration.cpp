#include "configuration.hpp"

#include <hub/schema.hpp>

#include <Poco/JSON/Object.h>

#include <cstdlib>

namespace sample_host {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kConnectorSuffix = ".connector.json";
constexpr std::string_view kConnectionSuffix = ".connection.json";

/// An absolute path from the environment, or nothing.
fs::path directory_from(const char* variable) {
  const char* value = secure_getenv(variable);
  const fs::path directory = value == nullptr ? "" : value;
  return directory.is_absolute() ? directory : fs::path();
}

/// `error`'s message continues the place's name.
[[noreturn]] void refuse(const fs::path& file, int line, const std::string& pointer,
                         hub::Error error) {
  error.message = file.string() + ":" + std::to_string(line) + ": " + pointer + " " + error.message;
  throw hub::Refused(std::move(error),
                     {.file = file.string(), .line = line, .path = pointer, .rule = {}});
}

[[noreturn]] void refuse(const hub::ConnectionManifest& connection, const std::string& pointer,
                         std::string reason, std::string text, std::string hint) {
  refuse(connection.file(), connection.line_of(pointer), pointer,
         {.status = hub::Status::kFailedPrecondition,
          .reason = std::move(reason),
          .message = std::move(text),
          .hint = std::move(hint)});
}

std::vector<fs::path> paths(const Poco::JSON::Array& array, const fs::path& base) {
  std::vector<fs::path> result;
  for (const auto& path : array)
    result.push_back((base / path.extract<std::string>()).lexically_normal());
  return result;
}

Configuration::Store read_store(const hub::LocatedJson& json, const fs::path& file) {
  const fs::path base = file.parent_path();
  const auto& object = *json.value.extract<Poco::JSON::Object::Ptr>()->getObject("store");
  Configuration::Store store;
  store.key_file = base / object.getValue<std::string>("key_file");
  if (object.getValue<std::string>("type") == "sqlite") {
    store.path = base / object.getValue<std::string>("path");
    return store;
  }
  try {
    store.postgres.emplace(object.getValue<std::string>("connection"));
  } catch (const hub::Refused& refused) {
    const char* const pointer = "/store/connection";
    refuse(file, json.line_of(pointer), pointer, refused.error);
  }
  if (const auto password = object.getObject("password"))
    store.password = password->getValue<std::string>("reference");
  return store;
}

}  // namespace

fs::path Configuration::default_file() {
  fs::path own = directory_from("XDG_CONFIG_HOME");
  if (const fs::path home = directory_from("HOME"); own.empty() && !home.empty())
    own = home / ".config";
  std::string places;
  for (const fs::path& directory : {own, fs::path("/etc")}) {
    if (directory.empty()) continue;
    const fs::path file = directory / "sample-host" / "host.json";
    std::error_code unreadable;  // then reading it says so
    if (fs::symlink_status(file, unreadable).type() != fs::file_type::not_found) return file;
    places += (places.empty() ? "" : " or ") + file.string();
  }
  throw hub::Refused({.status = hub::Status::kNotFound,
                      .reason = "CONFIGURATION_MISSING",
                      .message = "there is no configuration: no " + places,
                      .hint = "Name a file with --config FILE, or make one of these."},
                     {});
}

Configuration Configuration::read(const fs::path& file) {
  Configuration result;
  result.file_ = fs::absolute(file).lexically_normal();
  const fs::path base = result.file_.parent_path();
  const hub::LocatedJson json = hub::read_json_file(result.file_, hub::schemas::host());
  const auto& root = *json.value.extract<Poco::JSON::Object::Ptr>();

  result.connectors_ = paths(*root.getArray("connectors"), base);
  result.store_ = read_store(json, result.file_);

  for (const fs::path& path : paths(*root.getArray("connections"), base)) {
    if (!fs::is_directory(path)) {
      result.connections_.push_back(hub::ConnectionManifest::read(path));
      continue;
    }
    for (const fs::path& manifest : hub::find_manifests({path}, kConnectionSuffix))
      result.connections_.push_back(hub::ConnectionManifest::read(manifest));
  }
  hub::check_connections(result.connections_);
  return result;
}

fs::path Configuration::connector_manifest(const hub::ConnectionManifest& connection) const {
  const std::string name = connection.connector() + std::string(kConnectorSuffix);
  for (const fs::path& manifest : hub::find_manifests(connectors_, kConnectorSuffix))
    if (manifest.filename() == name) return manifest;
  refuse(connection, "/connector", "CONNECTOR_UNKNOWN", "names a connector that is not installed",
         "Put " + name + " into a directory that \"connectors\" in " + file_.string() + " names.");
}

const std::string& slot_of(const hub::ConnectionManifest& connection) {
  for (const auto& [name, grant] : connection.secrets())
    if (!grant.slot.empty()) return grant.slot;
  refuse(connection, "/secrets", "SLOT_MISSING", "grants no slot, so no token is kept",
         "Add \"token\": {\"slot\": \"" + connection.name() + "/token\"} there.");
}

}  // namespace sample_host
