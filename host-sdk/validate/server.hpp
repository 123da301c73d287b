// Servers that connectors should not meet, for connectors whose configuration can name one.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <filesystem>
#include <string>

namespace hub::validate {

/// HTTPS servers on 127.0.0.1 in a process of their own, which ends with this object or its
/// process, and then leaves no file behind.
class Servers {
 public:
  enum Kind {
    kRefuses,           // answers each request with 400 and, in the message, the whole request
    kNeverShakesHands,  // accepts and says nothing
    kNeverAnswers,      // shakes hands, reads and says nothing
    kStopsHalfway,      // begins as kRefuses does, and says no more in the middle of the body
  };

  /// The caller has one thread. Throws std::runtime_error.
  Servers();
  ~Servers();
  Servers(const Servers&) = delete;
  Servers& operator=(const Servers&) = delete;

  /// "https://127.0.0.1:port"
  std::string url(Kind kind) const {
    return "https://127.0.0.1:" + std::to_string(ports_.at(kind));
  }
  /// PEM, what to trust to reach them.
  std::string ca_file() const { return directory_ / "ca.pem"; }

 private:
  std::filesystem::path directory_;
  std::array<std::uint16_t, 4> ports_{};
  pid_t process_ = -1;
};

}  // namespace hub::validate
