#include "http/clients.hpp"

#include <utility>

#include "http/idle_connections.hpp"
#include "http/trust.hpp"

namespace databricks_token {

HttpClients::HttpClients(std::string user_agent, Clock clock)
    : user_agent_(std::move(user_agent)),
      clock_(std::move(clock)),
      idle_(std::make_shared<IdleConnections>(clock_)) {}

HttpClients::~HttpClients() = default;

std::shared_ptr<HttpClient> HttpClients::get(const Origin& origin, const TlsSettings& tls,
                                             const std::optional<ProxySettings>& proxy) {
  const bool has_secrets =
      !tls.client_certificate_file.empty() || (proxy && !proxy->username.empty());
  const std::lock_guard lock(mutex_);
  if (clients_.size() >= tidy_at_) {
    std::erase_if(clients_, [](const auto& entry) { return entry.second.expired(); });
    std::erase_if(trusts_, [](const auto& entry) { return entry.second.expired(); });
    tidy_at_ = 64 + 2 * clients_.size();
  }
  if (!has_secrets) {
    if (auto client = clients_[{origin, tls, proxy}].lock()) return client;
  }

  std::weak_ptr<Trust>& known_trust = trusts_[tls.ca_file];
  auto trust = known_trust.lock();
  if (!trust) known_trust = trust = std::make_shared<Trust>(tls.ca_file, clock_);
  auto client =
      std::make_shared<HttpClient>(origin, tls, proxy, user_agent_, std::move(trust), idle_);
  if (!has_secrets) clients_[{origin, tls, proxy}] = client;
  return client;
}

}  // namespace databricks_token
