#include "http/tcp.hpp"

#include <Poco/Net/SocketAddress.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cerrno>
#include <system_error>

#include "http/resolver.hpp"
#include "http/wait.hpp"

namespace databricks_token {
namespace {

hub::Error unreachable(const Origin& origin, const std::string& why) {
  return {.status = hub::Status::kUnavailable,
          .retry = hub::Retry::kSameCall,
          .reason = "CONNECT_FAILED",
          .message = "cannot connect to " + origin.text() + ": " + why,
          .hint = "Check that it is up and that a firewall lets this machine reach it."};
}

std::string error_text(int code) { return std::generic_category().message(code); }

/// Waits at most `limit`, so that an address which swallows packets leaves time for the next one.
hub::Result<Descriptor> connect_to(hub::Call call, const Origin& origin,
                                   const Poco::Net::SocketAddress& address,
                                   std::chrono::nanoseconds limit) {
  Descriptor socket(::socket(address.af(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (socket.get() < 0) return unreachable(origin, error_text(errno));
  const int on = 1;
  ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));

  const auto on_cancel = shut_down_on_cancel(call, socket.get());
  if (::connect(socket.get(), address.addr(), address.length()) != 0) {
    if (errno != EINPROGRESS) return unreachable(origin, error_text(errno));
    auto waited = wait_for(call, socket.get(), POLLOUT, {"connecting to ", &origin}, limit);
    if (!waited) return std::move(waited).error();
    if (!*waited) return unreachable(origin, error_text(ETIMEDOUT));
    int code = 0;
    socklen_t size = sizeof(code);
    ::getsockopt(socket.get(), SOL_SOCKET, SO_ERROR, &code, &size);
    if (code != 0) return unreachable(origin, error_text(code));
  }
  return socket;
}

}  // namespace

hub::Result<Descriptor> connect_tcp(hub::Call call, const Origin& origin) {
  auto addresses = resolve(call, origin);
  if (!addresses) return std::move(addresses).error();
  hub::Result<Descriptor> connected = unreachable(origin, "the name has no address");
  for (auto left = static_cast<std::int64_t>(addresses->size()); left > 0; --left) {
    const auto& address = (*addresses)[addresses->size() - static_cast<std::size_t>(left)];
    connected = connect_to(call, origin, address, call.remaining() / left);
    if (connected || call.cancelled() || call.remaining().count() == 0) break;
  }
  return connected;
}

}  // namespace databricks_token
