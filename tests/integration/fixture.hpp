// sample-host against a local workspace: real processes, files, TLS.
#pragma once

#include <Poco/JSON/Object.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "support/local_workspace.hpp"
#include "support/process.hpp"

namespace integration {

using test_support::Finished;
using test_support::Process;

/// An answer, byte for byte, to requests for `path`; of any method where none is named.
struct Served {
  const char* path;
  const char* method;
  int status;
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers{};
};

/// A workspace, and a directory with a host's configuration and one connection, "local"; gone
/// afterwards. Each output of the host is searched for secrets.
class HostTest : public testing::Test {
 protected:
  using Object = Poco::JSON::Object::Ptr;

  HostTest();
  ~HostTest() override;

  test_support::LocalWorkspace workspace;

  /// From now on, instead of what was served before.
  void serve(const Served& served) const;
  /// Waits until a request has met the fault that was set for that many times.
  void wait_for_fault(int times) const;
  /// How many tokens of the connection's principal live at the workspace, by its own account.
  std::size_t live_tokens() const;
  /// How many requests the workspace answered.
  std::size_t requests() const;
  /// The methods of the requests to the workspace's API, in order.
  std::vector<std::string> methods() const;
  /// The HTTP status with which the workspace answers a token.
  int answer_to(const std::string& token) const;

  /// A manifest of those that come with the project, as it is.
  static Object manifest(const std::string& name);
  /// The connection's manifest, for a test to change and to write.
  Object connection() const;
  void write_connection(const Object& connection, const std::string& name = "local") const;

  /// Makes a file below the directory, or replaces it.
  std::filesystem::path write(const std::string& name, const std::string& text,
                              int mode = 0600) const;
  std::filesystem::path path(const std::string& name) const { return directory_ / name; }

  /// The environment of the host, besides PATH.
  std::map<std::string, std::string> environment;

  /// Starts `sample-host arguments...`, behind `tracer` if there is one.
  std::unique_ptr<Process> start(const std::vector<std::string>& arguments,
                                 std::vector<std::string> tracer = {}) const;
  /// Runs `sample-host --config host.json arguments...`.
  Finished host(const std::vector<std::string>& arguments) const;
  /// The same with --json and that exit code: the one document that stdout has.
  Object json(const std::vector<std::string>& arguments, int code) const;
  /// The current token, the one output that is not searched.
  std::string reveal() const;

 private:
  std::filesystem::path directory_;
};

}  // namespace integration
