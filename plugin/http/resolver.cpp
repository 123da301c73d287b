#include "http/resolver.hpp"

#include <Poco/Net/IPAddress.h>
#include <ares.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <optional>
#include <system_error>

#include "http/descriptor.hpp"
#include "http/sigpipe_guard.hpp"
#include "http/wait.hpp"

namespace databricks_token {
namespace {

using Addresses = std::vector<Poco::Net::SocketAddress>;

hub::Error unresolved(const Origin& origin, const std::string& why, bool may_pass) {
  return {.status = hub::Status::kUnavailable,
          .retry = hub::Retry::kSameCall,
          .reason = "NAME_UNRESOLVED",
          .message = origin.text() + ": the host's name could not be looked up: " + why,
          .hint = may_pass ? "Check this machine's network and its name servers."
                           : "Check the host's name."};
}

/// One look-up. Its address is c-ares's, so it stays where it is.
class LookUp {
 public:
  explicit LookUp(const Origin& origin) : origin_(origin) {}
  LookUp(const LookUp&) = delete;
  LookUp& operator=(const LookUp&) = delete;

  hub::Result<Addresses> run(hub::Call call) {
    const Descriptor wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (wake.get() < 0) return unresolved(origin_, std::generic_category().message(errno), true);
    ares_channel raw = nullptr;
    if (const int failed = ares_init(&raw); failed != ARES_SUCCESS)
      return unresolved(origin_, ares_strerror(failed), true);
    const std::unique_ptr<ares_channeldata, decltype(&ares_destroy)> channel(raw, &ares_destroy);

    ares_addrinfo_hints wanted{};
    wanted.ai_family = AF_UNSPEC;
    wanted.ai_socktype = SOCK_STREAM;
    ares_getaddrinfo(channel.get(), origin_.host.c_str(), nullptr, &wanted, &done, this);

    const auto on_wake = [fd = wake.get()] { ::eventfd_write(fd, 1); };
    const hub::OnCancel<decltype(on_wake)> on_cancel(call, on_wake);
    const Doing doing{"looking up the host of ", &origin_};
    while (!status_) {
      if (auto waited = process(channel.get(), call, wake.get(), doing); !waited)
        return std::move(waited).error();
    }
    if (*status_ != ARES_SUCCESS) {
      const bool unknown =
          *status_ == ARES_ENOTFOUND || *status_ == ARES_ENODATA || *status_ == ARES_EBADNAME;
      return unresolved(origin_, ares_strerror(*status_), !unknown);
    }
    return std::move(addresses_);
  }

 private:
  static void done(void* self, int status, int, ares_addrinfo* found) noexcept {
    auto& look_up = *static_cast<LookUp*>(self);
    const std::unique_ptr<ares_addrinfo, decltype(&ares_freeaddrinfo)> owner(found,
                                                                             &ares_freeaddrinfo);
    look_up.status_ = status;
    if (found == nullptr) return;
    try {
      for (const ares_addrinfo_node* each = found->nodes; each != nullptr; each = each->ai_next) {
        const Poco::Net::SocketAddress address(each->ai_addr, each->ai_addrlen);
        look_up.addresses_.emplace_back(address.host(), look_up.origin_.port);
      }
    } catch (...) {  // nothing may be thrown through c-ares
      look_up.status_ = ARES_ENOMEM;
    }
  }

  /// Waits for the name servers, or for as long as c-ares gives them, and lets c-ares see to it.
  static hub::Result<> process(ares_channel channel, hub::Call call, int wake, const Doing& doing) {
    std::array<ares_socket_t, ARES_GETSOCK_MAXNUM> sockets;
    const int bits = ares_getsock(channel, sockets.data(), static_cast<int>(sockets.size()));
    std::vector<pollfd> waited{{.fd = wake, .events = POLLIN, .revents = 0}};
    for (unsigned i = 0; i < sockets.size(); ++i) {
      const auto events = static_cast<short>((ARES_GETSOCK_READABLE(bits, i) ? POLLIN : 0) |
                                             (ARES_GETSOCK_WRITABLE(bits, i) ? POLLOUT : 0));
      if (events != 0) waited.push_back({.fd = sockets[i], .events = events, .revents = 0});
    }
    timeval longest{.tv_sec = 1, .tv_usec = 0};
    timeval buffer{};
    const timeval* const limit = ares_timeout(channel, &longest, &buffer);
    if (auto ready = wait_for_any(
            call, waited, doing,
            std::chrono::seconds(limit->tv_sec) + std::chrono::microseconds(limit->tv_usec));
        !ready)
      return std::move(ready).error();

    ares_process_fd(channel, ARES_SOCKET_BAD, ARES_SOCKET_BAD);  // who has waited long enough
    for (const pollfd& each : waited) {
      if (each.fd == wake || each.revents == 0) continue;
      ares_process_fd(channel, each.fd, (each.revents & POLLOUT) != 0 ? each.fd : ARES_SOCKET_BAD);
    }
    return {};
  }

  const Origin& origin_;
  std::optional<int> status_;  // nothing: not done
  Addresses addresses_;
};

}  // namespace

hub::Result<Addresses> resolve(hub::Call call, const Origin& origin) {
  Poco::Net::IPAddress literal;
  if (Poco::Net::IPAddress::tryParse(origin.host, literal))
    return Addresses{{literal, origin.port}};
  if (origin.host == "localhost") {
    return Addresses{{Poco::Net::IPAddress("127.0.0.1"), origin.port},
                     {Poco::Net::IPAddress("::1"), origin.port}};
  }
  const SigpipeGuard guard;
  return LookUp(origin).run(call);
}

}  // namespace databricks_token
