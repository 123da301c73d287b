// A workspace with an authorization server, and Microsoft Entra, on one scripted TLS server.
#pragma once

#include <algorithm>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "support/authority.hpp"
#include "support/tls_server.hpp"

namespace test_support {

/// Answers each request to a path that ends with "/token" with the next of `tokens`, one for the
/// discovery document with `discovery` and any other with the next of `api`; the last ones are
/// repeated. In the discovery document "{url}" is the server's own URL.
class TokenEndpoint {
 public:
  struct Answers {
    std::vector<std::string> tokens{};
    std::vector<std::string> api{};
    std::string discovery = R"({"token_endpoint":"{url}/oidc/v1/token"})";
    int discovery_status = 200;
  };

  explicit TokenEndpoint(Answers answers)
      : answers_(std::move(answers)), server(Authority::get().certificate(), [this](Peer& peer) {
          if (!peer.shake_hands()) return;
          for (;;) {
            const std::string request = peer.read_request();
            if (request.empty() || !peer.write(answer_to(request))) return;
          }
        }) {}

  /// An answer of a token endpoint.
  static std::string granted(const std::string& token, const std::string& expires_in = "3600") {
    return TlsServer::response(200, R"({"access_token":")" + token +
                                        R"(","token_type":"Bearer","expires_in":)" + expires_in +
                                        R"(,"scope":"all-apis"})");
  }

  /// The requests whose first line contains `part`.
  std::vector<std::string> requests(const std::string& part) const {
    std::vector<std::string> found = server.requests();
    std::erase_if(found, [&](const std::string& request) {
      return request.substr(0, request.find("\r\n")).find(part) == std::string::npos;
    });
    return found;
  }

 private:
  std::string answer_to(const std::string& request) {
    const std::lock_guard lock(mutex_);
    const std::string path = request.substr(0, request.find(" HTTP/1.1"));
    if (path.ends_with("/oauth-authorization-server")) {
      std::string document = answers_.discovery;
      if (const auto at = document.find("{url}"); at != std::string::npos)
        document.replace(at, 5, server.url());
      return TlsServer::response(answers_.discovery_status, document);
    }
    const bool is_token = path.ends_with("/token");
    const auto& answers = is_token ? answers_.tokens : answers_.api;
    std::size_t& next = is_token ? next_token_ : next_api_;
    return answers.at(std::min(next++, answers.size() - 1));
  }

  const Answers answers_;
  std::mutex mutex_;  // guards what follows
  std::size_t next_token_ = 0;
  std::size_t next_api_ = 0;

 public:
  TlsServer server;
};

}  // namespace test_support
