// A network and files of a test's own, for what a machine has only once.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <thread>

namespace test_support {

/// Runs `body` on a thread whose network has loopback and nothing else, and whose mounts nobody
/// else sees; sockets and threads that it makes are there too. False, and not run, where namespaces
/// may not be made (that takes CAP_SYS_ADMIN).
bool in_own_namespaces(const std::function<void()>& body);

/// Within in_own_namespaces: `file` has this content for the thread. Throws std::system_error.
void replace_file(const std::string& file, const std::filesystem::path& content);

/// A name server at 127.0.0.1:53, for use within in_own_namespaces, until destroyed.
class NameServer {
 public:
  enum class Manner { kSilent, kKnowsAll, kKnowsNothing };

  /// kKnowsAll: each name is that of 127.0.0.1. Throws std::system_error.
  explicit NameServer(Manner manner);
  ~NameServer();
  NameServer(const NameServer&) = delete;
  NameServer& operator=(const NameServer&) = delete;

  /// Blocks until somebody has asked; false after ten seconds. For kSilent.
  bool wait_for_a_query() const;

 private:
  void answer_all() const;

  const Manner manner_;
  int socket_ = -1;
  std::thread thread_;
};

}  // namespace test_support
