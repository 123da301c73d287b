#include "bench/raw.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace bench {
namespace {

constexpr std::size_t kMaxAnswer = 16384;

int connect_to(std::uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  if (::connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error("connect");
  const int yes = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  return fd;
}

}  // namespace

std::shared_ptr<SSL_CTX> raw_context(const Server& server) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_client_method()), &SSL_CTX_free);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context.get(), server.ca_file().c_str()) != 1)
    throw std::runtime_error("the authority's certificate");
  SSL_CTX_set1_groups_list(context.get(), "X25519:P-256:P-384");
  X509_VERIFY_PARAM_set1_ip_asc(SSL_CTX_get0_param(context.get()), "127.0.0.1");
  return context;
}

RawConnection::RawConnection(const Server& server, SSL_CTX* context, SSL_SESSION* session)
    : fd_(connect_to(server.port())), ssl_(SSL_new(context), &SSL_free) {
  SSL_set_fd(ssl_.get(), fd_);
  if (session != nullptr) SSL_set_session(ssl_.get(), session);
  if (SSL_connect(ssl_.get()) != 1) throw std::runtime_error("handshake");
  answer_.resize(kMaxAnswer);
}

RawConnection::~RawConnection() {
  SSL_shutdown(ssl_.get());
  ::close(fd_);
}

std::string_view RawConnection::exchange(std::string_view request) {
  if (SSL_write(ssl_.get(), request.data(), static_cast<int>(request.size())) <= 0)
    throw std::runtime_error("write");
  for (std::size_t size = 0;;) {
    const int count =
        SSL_read(ssl_.get(), answer_.data() + size, static_cast<int>(answer_.size() - size));
    if (count <= 0) throw std::runtime_error("read");
    size += static_cast<std::size_t>(count);
    const std::string_view read(answer_.data(), size);
    const auto end = read.find("\r\n\r\n");
    constexpr std::string_view kLength = "Content-Length: ";
    const auto at = read.find(kLength);
    if (end == std::string_view::npos || at == std::string_view::npos) continue;
    if (size >= end + 4 + std::strtoul(read.data() + at + kLength.size(), nullptr, 10)) return read;
  }
}

std::string written(const Server& server, const Request& request) {
  std::string text = request.method + ' ' + request.target +
                     " HTTP/1.1\r\nHost: 127.0.0.1:" + std::to_string(server.port()) +
                     "\r\nUser-Agent: databricks-token/1.0.0 benchmark/1.0.0 auth/pat"
                     "\r\nAccept: application/json\r\nAuthorization: Bearer " +
                     kAdminToken + "\r\n";
  if (!request.body.empty()) text += "Content-Type: application/json\r\n";
  if (!request.body.empty() || request.method != "GET")
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n";
  return text + "\r\n" + request.body;
}

namespace {

const Request kOwner{"GET",
                     "/api/2.0/preview/scim/v2/ServicePrincipals?filter=applicationId%20eq%20%22" +
                         std::string(kApplicationId) + "%22"};
const Request kList{"GET", "/api/2.0/token-management/tokens"};
const Request kMint{"POST", "/api/2.0/token-management/on-behalf-of/tokens",
                    R"({"application_id":")" + std::string(kApplicationId) +
                        R"(","lifetime_seconds":7776000,"comment":"benchmark )"
                        R"(hub:00000000-0000-4000-8000-000000000001/0123456789abcdef"})"};
const Request kMe{"GET", "/api/2.0/preview/scim/v2/Me"};
const Request kDelete{"DELETE", "/api/2.0/token-management/tokens/" + std::string(64, '0')};

}  // namespace

std::vector<Request> create_token_requests() { return {kOwner, kList, kMint, kMe}; }
std::vector<Request> rotate_token_requests() { return {kList, kMint, kMe, kDelete}; }

}  // namespace bench
