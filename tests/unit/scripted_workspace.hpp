// A workspace that answers byte for byte what the test says.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "databricks/workspace.hpp"
#include "http/clients.hpp"
#include "support/authority.hpp"
#include "support/fake_call.hpp"
#include "support/tls_server.hpp"

namespace databricks_token {

using test_support::Authority;

inline constexpr const char* kApplicationId = "6f5ccf28-d83a-4957-9bfb-5bbfac551410";

inline std::string ok(std::string_view body) {
  return test_support::TlsServer::response(200, body);
}

/// A workspace that gives these answers in turn, and the last one from then on.
struct Scripted {
  explicit Scripted(std::vector<std::string> answers)
      : Scripted([answers = std::move(answers),
                  next = std::make_shared<std::atomic<std::size_t>>(0)](test_support::Peer& peer) {
          if (!peer.shake_hands()) return;
          while (!peer.read_request().empty()) {
            if (!peer.write(answers[std::min(next->fetch_add(1), answers.size() - 1)])) return;
          }
        }) {}
  explicit Scripted(const std::string& answer) : Scripted(std::vector{answer}) {}
  explicit Scripted(test_support::TlsServer::Script script)
      : server(Authority::get().certificate(), std::move(script)),
        client(HttpClients("databricks-test/1.0")
                   .get(*Origin::parse(server.url()), {.ca_file = Authority::get().file()})),
        workspace(client, pace, clock) {}

  std::string request_line() const {
    const std::string request = server.requests().at(0);
    return request.substr(0, request.find("\r\n"));
  }

  hub::Result<std::vector<TokenInfo>> list() { return workspace.list_tokens(call.call(), admin); }

  hub::Result<MintedToken> create() {
    return workspace.create_on_behalf_of(call.call(), admin,
                                         {.application_id = kApplicationId,
                                          .lifetime_seconds = 31536000,
                                          .comment = "Databricks data pipeline",
                                          .scopes = std::nullopt});
  }

  test_support::TlsServer server;
  const std::shared_ptr<HttpClient> client;
  const std::shared_ptr<Pace> pace = std::make_shared<Pace>();
  const std::shared_ptr<ServerClock> clock = std::make_shared<ServerClock>();
  Workspace workspace;
  test_support::FakeCall call;
  hub::Secret admin{"s#Cr3t-admin"};
};

}  // namespace databricks_token
