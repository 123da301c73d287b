// The host's own configuration, schemas/host.schema.json:
//
//   {"connectors": [directory...], "connections": [directory or file...],
//    "store": {"type": "sqlite", "path": ..., "key_file": ...}}
// or "store": {"type": "postgresql", "connection": ..., "password": {"reference": ...},
//              "key_file": ...}}
//
// Relative paths are relative to the file.
#pragma once

#include "store/postgres_address.hpp"

#include <hub/host.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace sample_host {

class Configuration {
 public:
  struct Store {
    std::filesystem::path path;               // of SQLite's file
    std::optional<PostgresAddress> postgres;  // instead of it
    std::string password;                     // a reference; empty: there is none
    std::filesystem::path key_file;
  };

  /// $XDG_CONFIG_HOME/sample-host/host.json, with ~/.config where that is not set, if it is there;
  /// else /etc/sample-host/host.json. Throws hub::Refused if there is neither.
  static std::filesystem::path default_file();

  /// Reads the file and all connections' manifests, and checks these against each other. Throws
  /// hub::Refused.
  static Configuration read(const std::filesystem::path& file);

  const std::filesystem::path& file() const { return file_; }
  const std::vector<hub::ConnectionManifest>& connections() const { return connections_; }
  const Store& store() const { return store_; }

  /// The first "<connector>.connector.json" in the connectors' directories. Throws hub::Refused if
  /// there is none.
  std::filesystem::path connector_manifest(const hub::ConnectionManifest& connection) const;

 private:
  Configuration() = default;

  std::filesystem::path file_;
  std::vector<std::filesystem::path> connectors_;
  std::vector<hub::ConnectionManifest> connections_;
  Store store_;
};

/// The slot that the connection grants its connector. Throws hub::Refused if there is none.
const std::string& slot_of(const hub::ConnectionManifest& connection);

}  // namespace sample_host
