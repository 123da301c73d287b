// A connector in this process: its checked table and description, the hub_host that it sees, and
// where it stands in the state table of connector.h.
#pragma once

#include <hub/host.hpp>
#include <hub/trusted_file.hpp>

#include <cstddef>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "description.hpp"
#include "manifest.hpp"

namespace hub {

struct CheckedFiles {
  ConnectorManifest manifest;
  std::filesystem::path library;
  TrustedFile opened;  // the library
};

/// The rules HUB-L-02 to HUB-L-07 of docs/contract.md, in their order. Nothing is mapped. Throws
/// Refused.
CheckedFiles check_files(const std::filesystem::path& manifest, ConnectorLibrary::Options options);

struct LoadedConnector {
  LoadedConnector(HostServices& host_services, const std::filesystem::path& manifest,
                  ConnectorLibrary::Options options);
  LoadedConnector(const LoadedConnector&) = delete;
  LoadedConnector& operator=(const LoadedConnector&) = delete;

  HostServices& services;
  std::string library;  // its file
  hub_connector table;  // of this host's size, each member there
  Description description;
  hub_host host;

  enum class State { kLoaded, kStarted, kFailed, kStopped };
  std::mutex mutex;  // of what follows
  State state = State::kLoaded;
  std::optional<Error> start_error;
  std::size_t connections = 0;
};

/// Receives a connector's output, up to a limit: a defect of the connector is not to fill the
/// host's memory.
class BoundedText {
 public:
  explicit BoundedText(std::size_t limit) : limit_(limit) {}

  hub_sink sink();
  std::string& text() { return text_; }

 private:
  std::size_t limit_;
  std::string text_;
};

}  // namespace hub
