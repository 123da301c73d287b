#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "workspace/control.hpp"
#include "workspace/faults.hpp"
#include "workspace/files.hpp"
#include "workspace/router.hpp"
#include "workspace/server.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// A workspace that lives in a directory and serves until it is destroyed. The directory has
/// ca.pem, ca-key.pem, state.json and workspace.json, which says how to reach it and with which
/// credentials; whoever ends this process by force finds all of it again at the next start.
class Workspace {
 public:
  /// Without a port: the one of the last time, or any at the first. Throws std::runtime_error when
  /// the directory is in use, is not a workspace's, or the port is taken.
  Workspace(const std::filesystem::path& directory, std::optional<std::uint16_t> port,
            Around around = {});
  ~Workspace();

  /// The ground truth, which its owner may change.
  State& state() { return *state_; }
  const std::string& url() const { return url_; }
  std::filesystem::path description() const { return directory_ / "workspace.json"; }

 private:
  std::filesystem::path directory_;
  DirectoryLock lock_;
  std::unique_ptr<State> state_;
  std::unique_ptr<Router> router_;
  Faults faults_;
  RequestLog log_;
  std::unique_ptr<Server> server_;
  std::string url_;
};

}  // namespace local_workspace
