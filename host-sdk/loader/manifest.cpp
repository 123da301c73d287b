#include "manifest.hpp"

#include <Poco/Environment.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Stringifier.h>
#include <Poco/String.h>
#include <hub/host.hpp>
#include <hub/schema.hpp>

#include <algorithm>
#include <sstream>
#include <system_error>

#include "refuse.hpp"

namespace hub {

namespace fs = std::filesystem;
using Poco::JSON::Object;

ConnectorManifest ConnectorManifest::read(const fs::path& file) {
  const LocatedJson json = read_json_file(file, schemas::connector_manifest());
  const auto root = json.value.extract<Object::Ptr>();
  const std::string platform =
      Poco::toLower(Poco::Environment::osName()) + "-" + Poco::Environment::osArchitecture();
  const auto libraries = root->getObject("library");
  if (!libraries->has(platform)) {
    refuse({.file = file.string(),
            .line = json.line_of("/library"),
            .path = "/library",
            .rule = "HUB-L-05"},
           Status::kFailedPrecondition, "PLATFORM_UNSUPPORTED", "names no library for " + platform,
           "install the connector's build for " + platform);
  }
  const auto library = libraries->getObject(platform);
  const std::string pointer = pointer_below("/library", platform);
  return {.file = fs::absolute(file),
          .abi = root->getValue<std::string>("abi"),
          .abi_line = json.line_of("/abi"),
          .id = root->getValue<std::string>("id"),
          .version = root->getValue<std::string>("version"),
          .library = library->getValue<std::string>("path"),
          .library_at = pointer,
          .sha256 = library->optValue<std::string>("sha256", ""),
          .line = json.line_of(pointer)};
}

ConnectionManifest ConnectionManifest::read(const fs::path& file) {
  LocatedJson json = read_json_file(file, schemas::connection());
  const auto root = json.value.extract<Object::Ptr>();
  ConnectionManifest manifest;
  manifest.file_ = fs::absolute(file);
  manifest.name_ = root->getValue<std::string>("name");
  manifest.connector_ = root->getValue<std::string>("connector");
  std::ostringstream config;
  Poco::JSON::Stringifier::stringify(root->get("config"), config);
  manifest.config_json_ = config.str();
  for (const auto& [name, grant] : *root->getObject("secrets")) {
    const auto object = grant.extract<Object::Ptr>();
    manifest.secrets_[name] = {.reference = object->optValue<std::string>("reference", ""),
                               .slot = object->optValue<std::string>("slot", "")};
  }
  manifest.lines_ = std::move(json.lines);
  return manifest;
}

int ConnectionManifest::line_of(const std::string& pointer) const {
  return LocatedJson{.value = {}, .lines = lines_}.line_of(pointer);
}

void check_connections(const std::vector<ConnectionManifest>& connections) {
  std::map<std::string, const ConnectionManifest*> names;
  std::map<std::string, const ConnectionManifest*> slots;
  const auto claim = [](auto& taken, const std::string& what, const ConnectionManifest& by,
                        const std::string& pointer, const std::string& text,
                        const std::string& reason) {
    const auto [at, is_new] = taken.emplace(what, &by);
    if (is_new) return;
    refuse({.file = by.file().string(),
            .line = by.line_of(pointer),
            .path = pointer,
            .rule = "HUB-L-12"},
           Status::kInvalidArgument, reason,
           text + " " + what + ", which " + at->second->file().string() + " has already",
           "give each connection its own");
  };
  for (const ConnectionManifest& each : connections) {
    claim(names, each.name(), each, "/name", "is the name", "NAME_TAKEN");
    for (const auto& [name, grant] : each.secrets()) {
      if (grant.slot.empty()) continue;
      claim(slots, grant.slot, each, pointer_below("/secrets", name), "names the slot",
            "SLOT_TAKEN");
    }
  }
}

std::vector<fs::path> find_manifests(const std::vector<fs::path>& directories,
                                     std::string_view suffix) {
  std::vector<fs::path> found;
  for (const fs::path& directory : directories) {
    const Location where{.file = directory.string(), .rule = "HUB-L-01"};
    if (!directory.is_absolute()) {
      refuse(where, Status::kInvalidArgument, "DIRECTORY_RELATIVE",
             "is relative to wherever the host was started", "write the directory's absolute path");
    }
    check_trusted_directory(directory, where.rule);
    std::vector<fs::path> here;
    std::error_code problem;
    for (fs::directory_iterator at(directory, problem), end; !problem && at != end;
         at.increment(problem)) {
      if (at->path().filename().string().ends_with(suffix)) here.push_back(at->path());
    }
    if (problem) {
      refuse(where, Status::kPermissionDenied, "FILE_UNREADABLE",
             "cannot be listed: " + problem.message(), "ls -ld " + directory.string());
    }
    std::ranges::sort(here);
    found.insert(found.end(), here.begin(), here.end());
  }
  return found;
}

}  // namespace hub
