// A workspace that costs as little as possible: it keeps nothing and answers by the request's line.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace bench {

/// The principal that owns each token there.
inline constexpr std::string_view kApplicationId = "5e2a1c9e-4a6b-4f0e-9d6a-0d3f4b2c1a00";
inline constexpr const char* kAdminToken = "canary-0123456789abcdef0123456789abcdef";
inline constexpr std::string_view kOwnerId = "8346195023441762";

/// In a process of its own, so that its work is not counted as a client's; ends with this object.
/// TLS 1.3, P-256, on 127.0.0.1, at as many ports as are asked for.
class Server {
 public:
  struct Options {
    std::size_t ports = 1;
    std::chrono::milliseconds delay{0};  // before each answer
    double rate = 0;                     // requests a second at each port, 429 beyond; 0: no limit
    bool closes = false;                 // the connection after each answer
    bool gives_tickets = true;
  };

  /// Must be made while the process has one thread. Throws std::runtime_error.
  explicit Server(Options options);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  std::uint16_t port(std::size_t index = 0) const { return ports_[index]; }
  std::string url(std::size_t index = 0) const {
    return "https://127.0.0.1:" + std::to_string(port(index));
  }
  const std::filesystem::path& ca_file() const { return ca_file_; }

 private:
  std::filesystem::path directory_;
  std::filesystem::path ca_file_;
  std::vector<std::uint16_t> ports_;
  pid_t process_ = -1;
};

}  // namespace bench
