#include "http/tunnel.hpp"

#include <sys/socket.h>

#include <cerrno>
#include <string_view>

#include "http/base64.hpp"
#include "http/call_secret.hpp"
#include "http/status_line.hpp"
#include "http/tcp.hpp"
#include "http/wait.hpp"

namespace databricks_token {
namespace {

constexpr std::size_t kMaxHeadBytes = 16 * 1024;

class Tunnel {
 public:
  Tunnel(hub::Call call, const ProxySettings& proxy, const Origin& origin, int socket)
      : call_(call), proxy_(proxy), origin_(origin), socket_(socket) {}

  hub::Result<> open() {
    auto request = write_request();
    if (!request) return std::move(request).error();
    const auto on_cancel = shut_down_on_cancel(call_, socket_);
    if (auto sent = send(request->reveal()); !sent) return sent;
    auto head = read_head();
    if (!head) return std::move(head).error();
    return judge(*head);
  }

 private:
  /// http_status stays 0 in all errors: it would be taken for the workspace's.
  hub::Error refused(const std::string& why, bool may_pass = true) const {
    return {.status = may_pass ? hub::Status::kUnavailable : hub::Status::kFailedPrecondition,
            .retry = may_pass ? hub::Retry::kSameCall : hub::Retry::kNever,
            .reason = "PROXY_REFUSED",
            .message = "the proxy " + proxy_.origin.text() + " made no tunnel to " +
                       origin_.text() + ": " + why,
            .hint =
                "Check that proxy.url names an HTTP proxy and that it lets this machine reach "
                "the host."};
  }

  hub::Result<hub::Secret> write_request() const {
    const std::string target = origin_.authority();
    hub::Secret request("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n");
    if (!proxy_.username.empty()) {
      const auto password =
          secret_of(call_, proxy_.password_secret, "PROXY_AUTHENTICATION_REQUIRED");
      if (!password) return password.error();
      hub::Secret credential(proxy_.username + ':');
      credential.append(password->reveal());
      request.append("Proxy-Authorization: Basic ");
      request.append(base64(credential).reveal());
      request.append("\r\n");
    }
    request.append("\r\n");
    return request;
  }

  hub::Result<> send(std::string_view bytes) const {
    while (!bytes.empty()) {
      const ssize_t sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) {
        bytes.remove_prefix(static_cast<std::size_t>(sent));
      } else if (auto ready = wait(POLLOUT); !ready) {
        return ready;
      }
    }
    return {};
  }

  /// Up to and with the empty line. What comes behind it would not be the origin's: TLS begins with
  /// us.
  hub::Result<std::string> read_head() const {
    std::string head;
    std::size_t end = std::string::npos;
    while (end == std::string::npos) {
      char bytes[1024];
      const ssize_t size = ::recv(socket_, bytes, sizeof(bytes), 0);
      if (size > 0) {
        head.append(bytes, static_cast<std::size_t>(size));
        end = head.find("\r\n\r\n");
        if (head.size() > kMaxHeadBytes) return refused("its answer is too long");
      } else if (size == 0) {
        if (auto ended = call_ended(call_, doing_)) return *std::move(ended);
        return refused("it closed the connection");
      } else if (auto ready = wait(POLLIN); !ready) {
        return std::move(ready).error();
      }
    }
    if (end + 4 != head.size()) return refused("it sends more than was asked for");
    return head;
  }

  /// After a send or recv that did nothing, which has left errno.
  hub::Result<> wait(short events) const {
    if (errno != EAGAIN && errno != EINTR) {
      const int code = errno;
      if (auto ended = call_ended(call_, doing_)) return *std::move(ended);
      return refused(std::generic_category().message(code));
    }
    auto ready = wait_for(call_, socket_, events, doing_, std::chrono::nanoseconds::max());
    if (!ready) return std::move(ready).error();
    return {};
  }

  hub::Result<> judge(const std::string& head) const {
    const auto status = status_of_line(head.substr(0, head.find("\r\n")));
    if (!status) return refused("it does not answer as HTTP asks");
    if (*status == 407) {
      return hub::Error{
          .status = hub::Status::kFailedPrecondition,
          .reason = "PROXY_AUTHENTICATION_REQUIRED",
          .message =
              "the proxy " + proxy_.origin.text() +
              (proxy_.username.empty() ? " asks for a user name and a password"
                                       : " does not accept the password of " + proxy_.username),
          .hint = "Set proxy.username and the secret of its password; Basic is what is spoken."};
    }
    if (*status < 200 || *status > 299)
      return refused("it answered " + std::to_string(*status), *status >= 500);
    return {};
  }

  const hub::Call call_;
  const ProxySettings& proxy_;
  const Origin& origin_;
  const int socket_;
  const Doing doing_{"waiting for a tunnel through the proxy ", &proxy_.origin};
};

}  // namespace

hub::Result<Descriptor> open_tunnel(hub::Call call, const ProxySettings& proxy,
                                    const Origin& origin) {
  auto socket = connect_tcp(call, proxy.origin);
  if (!socket) return socket;
  if (auto opened = Tunnel(call, proxy, origin, socket->get()).open(); !opened)
    return std::move(opened).error();
  return socket;
}

}  // namespace databricks_token
