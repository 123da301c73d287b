// The limit: OpenSSL on one kept-alive connection, requests built by hand, answers hardly looked
// at.
#pragma once

#include <openssl/ssl.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/server.hpp"

namespace bench {

struct Request {
  std::string method;
  std::string target;
  std::string body{};
};

/// What the plugin asks for each of these, in its order.
std::vector<Request> create_token_requests();
std::vector<Request> rotate_token_requests();

/// A TLS context that trusts the server's authority, with the plugin's curves.
std::shared_ptr<SSL_CTX> raw_context(const Server& server);

/// A socket with OpenSSL on it. Throws std::runtime_error.
class RawConnection {
 public:
  /// Resumes `session` if there is one.
  RawConnection(const Server& server, SSL_CTX* context, SSL_SESSION* session = nullptr);
  ~RawConnection();
  RawConnection(const RawConnection&) = delete;
  RawConnection& operator=(const RawConnection&) = delete;

  /// Sends and reads the whole answer, of which this is a view until the next one.
  std::string_view exchange(std::string_view request);

  /// With the server's latest ticket.
  std::shared_ptr<SSL_SESSION> session() const {
    return {SSL_get1_session(ssl_.get()), &SSL_SESSION_free};
  }

 private:
  int fd_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
  std::string answer_;
};

/// The bytes of `request` as the plugin writes them.
std::string written(const Server& server, const Request& request);

}  // namespace bench
