#include "http/client.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <string_view>
#include <utility>
#include <vector>

#include "http/connection.hpp"
#include "http/response_reader.hpp"
#include "http/sigpipe_guard.hpp"
#include "http/tls.hpp"
#include "http/wait.hpp"

namespace databricks_token {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxIdle = 4;
constexpr auto kMaxIdleTime = std::chrono::seconds(30);

/// Whether `text` stays within its line and its word, or with `spaces` within its line.
bool is_printable(std::string_view text, bool spaces) {
  return std::all_of(text.begin(), text.end(),
                     [spaces](char c) { return (c > ' ' || (spaces && c == ' ')) && c <= '~'; });
}

hub::Error invalid(const std::string& reason, const std::string& what, const std::string& hint) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = reason,
          .message = what + " holds characters that no HTTP header may have",
          .hint = hint};
}

}  // namespace

struct HttpClient::State {
  struct Idle {
    std::unique_ptr<Connection> connection;
    Clock::time_point since;
  };

  /// Made at the first use, so that a CA file that was mended counts at the next.
  hub::Result<Poco::Net::Context::Ptr> get_context() {
    {
      const std::lock_guard lock(mutex);
      if (!context.isNull()) return context;
    }
    auto made = make_context(origin, tls);
    if (!made) return std::move(made).error();
    const std::lock_guard lock(mutex);
    if (context.isNull()) context = *made;
    return context;
  }

  /// The youngest connection that still stands, or nothing. What is too old goes too.
  std::unique_ptr<Connection> take_idle() {
    for (;;) {
      std::vector<Idle> too_old;  // closed outside the lock
      Idle youngest;
      {
        const std::lock_guard lock(mutex);
        const auto fresh = std::find_if(idle.begin(), idle.end(), [](const Idle& each) {
          return Clock::now() - each.since < kMaxIdleTime;
        });
        std::move(idle.begin(), fresh, std::back_inserter(too_old));
        idle.erase(idle.begin(), fresh);
        if (idle.empty()) return nullptr;
        youngest = std::move(idle.back());
        idle.pop_back();
      }
      if (youngest.connection->is_quiet()) return std::move(youngest.connection);
    }
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard lock(mutex);
    if (idle.size() < kMaxIdle) idle.push_back({std::move(connection), Clock::now()});
  }

  /// Head and body in one piece, which wipes itself: it holds the bearer.
  hub::Result<hub::Secret> write_request(const HttpRequest& request) const {
    if (!is_printable(request.method, false) || !is_printable(request.target, false) ||
        !is_printable(request.content_type, true) || !is_printable(user_agent, true))
      return invalid("REQUEST_INVALID", "the request",
                     "Take line breaks and control characters out of its values.");
    const bool credential_is_printable =
        (request.bearer == nullptr || is_printable(request.bearer->reveal(), false)) &&
        std::all_of(
            request.secret_headers.begin(), request.secret_headers.end(),
            [](const SecretHeader& each) { return is_printable(each.value->reveal(), true); });
    if (!credential_is_printable) {
      return invalid("CREDENTIAL_INVALID", "the credential",
                     "Check how it is stored: a line break at its end, perhaps?");
    }
    const std::string url = origin.text();
    std::string host = url.substr(url.find("//") + 2);
    if (origin.port == 443) host.erase(host.rfind(':'));

    hub::Secret bytes(request.method + ' ' + request.target + " HTTP/1.1\r\nHost: " + host +
                      "\r\nUser-Agent: " + user_agent + "\r\nAccept: application/json\r\n");
    if (request.bearer != nullptr) {
      bytes.append("Authorization: Bearer ");
      bytes.append(request.bearer->reveal());
      bytes.append("\r\n");
    }
    for (const SecretHeader& header : request.secret_headers) {
      bytes.append(header.name + ": ");
      bytes.append(header.value->reveal());
      bytes.append("\r\n");
    }
    if (!request.content_type.empty())
      bytes.append("Content-Type: " + request.content_type + "\r\n");
    if (!request.content_type.empty() || request.method != "GET")
      bytes.append("Content-Length: " + std::to_string(request.body.size()) + "\r\n");
    bytes.append("\r\n");
    bytes.append(request.body);
    return bytes;
  }

  const Origin origin;
  const TlsSettings tls;
  const std::string user_agent;

  std::mutex mutex{};  // guards what follows, never held over I/O
  Poco::Net::Context::Ptr context{};
  std::vector<Idle> idle{};  // oldest first; too old ones are closed when the next request comes
};

HttpClient::HttpClient(Origin origin, TlsSettings tls, std::string user_agent)
    : state_(new State{std::move(origin), std::move(tls), std::move(user_agent)}) {}

HttpClient::~HttpClient() = default;

const Origin& HttpClient::origin() const { return state_->origin; }

hub::Result<HttpResponse> HttpClient::send(hub::Call call, const HttpRequest& request) {
  const Origin& origin = state_->origin;
  if (auto ended = call_ended(call, "preparing a request to " + origin.text())) return *ended;
  auto bytes = state_->write_request(request);
  if (!bytes) return std::move(bytes).error();

  const SigpipeGuard guard;
  std::unique_ptr<Connection> connection = state_->take_idle();
  if (!connection) {
    auto context = state_->get_context();
    if (!context) return std::move(context).error();
    auto opened = Connection::open(call, origin, state_->tls, (*context)->sslContext());
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
  if (answer->reusable && !call.cancelled()) state_->give_back(std::move(connection));
  return std::move(answer->response);
}

}  // namespace databricks_token
