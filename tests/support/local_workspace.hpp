// The local-workspace program, started in a directory of its own, and a plain HTTPS client for it.
#pragma once

#include <Poco/JSON/Object.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/NameValueCollection.h>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace test_support {

struct HttpReply {
  int status = 0;
  Poco::Net::NameValueCollection headers;
  std::string body;

  /// Throws Poco::Exception when the body is not a JSON object.
  Poco::JSON::Object::Ptr json() const;
};

/// Running from construction to destruction, which also removes the directory. The program ends
/// with the test's process, however that ends.
class LocalWorkspace {
 public:
  struct Principal {
    std::string application_id;
    std::int64_t id;
    std::string display_name;
    std::string oauth_secret;  // empty: none
  };

  LocalWorkspace();
  ~LocalWorkspace();
  LocalWorkspace(const LocalWorkspace&) = delete;
  LocalWorkspace& operator=(const LocalWorkspace&) = delete;

  /// Starts it again in the same directory, and waits until it is ready.
  void start();
  /// SIGKILL.
  void kill();
  /// SIGTERM; returns the exit code.
  int terminate();

  const std::filesystem::path& directory() const { return directory_; }
  std::filesystem::path ca_file() const { return directory_ / "ca.pem"; }
  std::string url() const { return text("url"); }
  std::string admin_token() const { return text("admin_token"); }
  /// A member of workspace.json.
  std::string text(const std::string& member) const;
  /// "data-pipeline", "reporting" (its id does not fit into a double), "no-token-permission" or
  /// "inactive".
  Principal principal(const std::string& display_name) const;

  /// One request on a connection of its own, the server verified. Throws Poco::Exception when the
  /// connection ends without a whole answer.
  HttpReply send(const std::string& method, const std::string& path,
                 const std::string& authorization, const std::string& body = "",
                 const std::string& content_type = "application/json",
                 const std::map<std::string, std::string>& headers = {}) const;
  /// The same as the workspace's admin.
  HttpReply admin(const std::string& method, const std::string& path,
                  const std::string& body = "") const;

  /// Waits until it has done with each connection, also with those whose client is gone.
  void wait_until_idle() const;

  /// Sets a fault, {"path": ..., "times": ..., ...}.
  void fail(const std::string& fault) const;
  void clear_faults() const;
  /// The ground truth: tokens, requests, faults.
  Poco::JSON::Object::Ptr state() const;
  /// Ids of the live tokens of this application id.
  std::vector<std::string> live_tokens(const std::string& application_id) const;

 private:
  std::filesystem::path directory_;
  pid_t process_ = 0;
  Poco::JSON::Object::Ptr description_;
  Poco::Net::Context::Ptr context_;
};

}  // namespace test_support
