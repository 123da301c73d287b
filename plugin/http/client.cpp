#include "http/client.hpp"

#include <mutex>
#include <utility>

#include "http/connection.hpp"
#include "http/idle_connections.hpp"
#include "http/places.hpp"
#include "http/request_writer.hpp"
#include "http/response_reader.hpp"
#include "http/tcp.hpp"
#include "http/tls.hpp"
#include "http/trust.hpp"
#include "http/tunnel.hpp"
#include "http/wait.hpp"

namespace databricks_token {

struct HttpClient::State {
  /// Made at the first use, and anew when the trusted certificates have changed.
  hub::Result<std::shared_ptr<TlsContext>> current_context() {
    auto store = trust->store();
    if (!store) return std::move(store).error();
    const std::lock_guard lock(mutex);
    if (!context || context->store() != *store) {
      auto made = TlsContext::make(origin, *store);
      if (!made) return std::move(made).error();
      context = *std::move(made);
    }
    return context;
  }

  /// A connection of this context that still stands, or nothing.
  std::unique_ptr<Connection> take_idle(const TlsContext& wanted) {
    while (auto connection = idle->take(this)) {
      if (connection->context() == &wanted && connection->is_quiet()) return connection;
    }
    return nullptr;
  }

  hub::Result<std::unique_ptr<Connection>> connect(hub::Call call,
                                                   std::shared_ptr<TlsContext> wanted) {
    auto socket = proxy ? open_tunnel(call, *proxy, origin) : connect_tcp(call, origin);
    if (!socket) return std::move(socket).error();
    return Connection::open(call, *std::move(socket), origin, tls, std::move(wanted));
  }

  const Origin origin;
  const TlsSettings tls;
  const std::optional<ProxySettings> proxy;
  const std::string user_agent;
  const std::shared_ptr<Trust> trust;
  const std::shared_ptr<IdleConnections> idle;
  Places places{kMaxConnections};

  std::mutex mutex{};  // guards what follows
  std::shared_ptr<TlsContext> context{};
};

HttpClient::HttpClient(Origin origin, TlsSettings tls, std::optional<ProxySettings> proxy,
                       std::string user_agent, std::shared_ptr<Trust> trust,
                       std::shared_ptr<IdleConnections> idle)
    : state_(new State{std::move(origin), std::move(tls), std::move(proxy), std::move(user_agent),
                       std::move(trust), std::move(idle)}) {}

HttpClient::~HttpClient() { state_->idle->drop(state_.get()); }

const Origin& HttpClient::origin() const { return state_->origin; }

hub::Result<HttpResponse> HttpClient::send(hub::Call call, const HttpRequest& request) {
  const Origin& origin = state_->origin;
  if (auto ended = call_ended(call, {"preparing a request to ", &origin})) return *ended;
  auto bytes = write_request(origin, state_->user_agent, request);
  if (!bytes) return std::move(bytes).error();
  const auto place = state_->places.take(call, {"waiting for a free connection to ", &origin});
  if (!place) return place.error();
  auto context = state_->current_context();
  if (!context) return std::move(context).error();

  std::unique_ptr<Connection> connection = state_->take_idle(**context);
  if (!connection) {
    auto opened = state_->connect(call, *context);
    if (!opened) return std::move(opened).error();
    connection = *std::move(opened);
  }

  // The one place that writes a request, and it writes it once: there is no way back up from here.
  auto answer = [&]() -> hub::Result<Answer> {
    const auto on_cancel = shut_down_on_cancel(call, connection->fd());
    if (auto sent = connection->write(call, bytes->reveal()); !sent) return std::move(sent).error();
    return read_answer(call, origin, *connection);
  }();
  if (!answer) return std::move(answer).error();
  // A cancelled call may have shut the connection down after the last byte.
  if (answer->reusable_for.count() > 0 && !call.cancelled())
    state_->idle->put(state_.get(), std::move(connection), answer->reusable_for);
  return std::move(answer->response);
}

}  // namespace databricks_token
