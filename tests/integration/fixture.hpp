// sample-host against a local workspace: real processes, files, TLS.
#pragma once

#include "integration/process.hpp"

#include <Poco/JSON/Object.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace integration {

/// A directory with a workspace and a host's configuration with one connection, "local"; gone
/// afterwards. Each output of the host is searched for secrets.
class HostTest : public testing::Test {
 protected:
  using Object = Poco::JSON::Object::Ptr;

  HostTest();
  ~HostTest() override;

  /// Starts the workspace, again if there was one.
  void start_workspace();
  void stop_workspace() { workspace_.reset(); }

  /// What workspace.json says of the principal with that display name, and of the rest.
  std::string application_id(const std::string& display_name) const;
  Object workspace() const;

  /// Makes something go wrong with the workspace's next requests; see its README.
  void fault(const std::string& json) const { control("POST", "faults", json); }
  void clear_faults() const { control("DELETE", "faults"); }
  /// Waits until a request has met the fault that was set for that many times.
  void wait_for_fault(int times) const;
  /// How many tokens of service principals live at the workspace, by its own account.
  std::size_t live_tokens() const;
  /// How many requests of that method the workspace got for a route with that in its name.
  std::size_t requests(const std::string& method, const std::string& route) const;

  /// The connection's manifest, to be changed by a test and written by write_connection().
  Object connection();
  void write_connection(const Object& connection, const std::string& name = "local");

  /// A file below the directory.
  std::filesystem::path write(const std::string& name, const std::string& text, int mode = 0600);
  std::filesystem::path path(const std::string& name) const { return directory_ / name; }

  /// The environment of the host, besides PATH and HOME.
  std::map<std::string, std::string> environment;

  /// Runs `sample-host --config host.json arguments...`.
  Finished host(const std::vector<std::string>& arguments) const;
  /// The same with --json: the one document that stdout has.
  Object json(const std::vector<std::string>& arguments, int code) const;
  /// The current token, the one output that is not searched.
  std::string reveal() const;
  /// Starts it without waiting.
  std::unique_ptr<Process> start_host(const std::vector<std::string>& arguments) const;

  /// The HTTP status with which the workspace answers a token.
  int answer_to(const std::string& token) const;

 private:
  Object control(const std::string& method, const std::string& name,
                 const std::string& body = "") const;

  std::filesystem::path directory_;
  std::unique_ptr<Process> workspace_;
};

}  // namespace integration
