#include "support/tls_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <csignal>
#include <stdexcept>
#include <utility>

namespace test_support {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* held) const {
    Free(held);
  }
};

/// The length that a request's head promises for its body.
std::size_t content_length(std::string head) {
  std::transform(head.begin(), head.end(), head.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::string name = "\r\ncontent-length:";
  const std::size_t at = head.find(name);
  return at == std::string::npos ? 0 : std::stoul(head.substr(at + name.size()));
}

/// A write to a client that has gone must not end the test's process.
void block_sigpipe() {
  sigset_t pipe;
  sigemptyset(&pipe);
  sigaddset(&pipe, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe, nullptr);
}

std::shared_ptr<SSL_CTX> make_context(const local_workspace::Certificate& identity,
                                      const TlsServer::Options& options) {
  std::shared_ptr<SSL_CTX> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  const std::unique_ptr<BIO, Freed<BIO_free>> certificate(
      BIO_new_mem_buf(identity.certificate_pem.data(), -1));
  const std::unique_ptr<BIO, Freed<BIO_free>> key(BIO_new_mem_buf(identity.key_pem.data(), -1));
  const std::unique_ptr<X509, Freed<X509_free>> x509(
      PEM_read_bio_X509(certificate.get(), nullptr, nullptr, nullptr));
  const std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>> pkey(
      PEM_read_bio_PrivateKey(key.get(), nullptr, nullptr, nullptr));
  // Before TLS 1.2 OpenSSL wants level 0.
  if (options.max_tls_version != 0) {
    SSL_CTX_set_cipher_list(context.get(), "DEFAULT:@SECLEVEL=0");
    SSL_CTX_set_min_proto_version(context.get(), 0);
    SSL_CTX_set_max_proto_version(context.get(), options.max_tls_version);
  }
  // SSL_CTX_set_max_early_data(context.get(), 16 * 1024);  // for clients that would
  if (!options.client_ca_pem.empty()) {
    const std::unique_ptr<BIO, Freed<BIO_free>> source(
        BIO_new_mem_buf(options.client_ca_pem.data(), -1));
    const std::unique_ptr<X509, Freed<X509_free>> ca(
        PEM_read_bio_X509(source.get(), nullptr, nullptr, nullptr));
    X509_STORE_add_cert(SSL_CTX_get_cert_store(context.get()), ca.get());
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    SSL_CTX_set_purpose(context.get(), X509_PURPOSE_ANY);  // the tests' certificates are servers'
    SSL_CTX_set_session_id_context(context.get(), reinterpret_cast<const unsigned char*>("test"),
                                   4);
  }
  if (SSL_CTX_use_certificate(context.get(), x509.get()) != 1 ||
      SSL_CTX_use_PrivateKey(context.get(), pkey.get()) != 1) {
    throw std::runtime_error("TlsServer: the certificate or its key cannot be used");
  }
  return context;
}

}  // namespace

struct Peer::Tls {
  Tls(std::shared_ptr<SSL_CTX> its_context, int fd)
      : context(std::move(its_context)), ssl(SSL_new(context.get())) {
    SSL_set_fd(ssl.get(), fd);
  }

  std::shared_ptr<SSL_CTX> context;
  std::unique_ptr<SSL, Freed<SSL_free>> ssl;
};

Peer::Peer(TlsServer& server, int fd, std::size_t number)
    : server_(server), fd_(fd), number_(number) {}

Peer::~Peer() {
  tls_.reset();
  const std::lock_guard lock(server_.mutex_);
  std::erase(server_.open_, fd_);
  ::close(fd_);
  server_.changed_.notify_all();
}

bool Peer::shake_hands() {
  // Another context has other keys for its tickets.
  auto tls = std::make_unique<Tls>(server_.options_.forgets_sessions
                                       ? make_context(server_.certificate_, server_.options_)
                                       : server_.context_,
                                   fd_);
  ERR_clear_error();
  if (SSL_accept(tls->ssl.get()) != 1) return false;
  tls_ = std::move(tls);
  const std::lock_guard lock(server_.mutex_);
  if (SSL_session_reused(tls_->ssl.get()) == 1) ++server_.resumptions_;
  server_.offered_groups_.resize(
      static_cast<std::size_t>(SSL_get1_groups(tls_->ssl.get(), nullptr)));
  SSL_get1_groups(tls_->ssl.get(), server_.offered_groups_.data());
  if (SSL_get_early_data_status(tls_->ssl.get()) != SSL_EARLY_DATA_NOT_SENT) ++server_.early_data_;
  return true;
}

std::string Peer::read_some() {
  char buffer[16384];
  ERR_clear_error();
  const auto size = tls_ ? SSL_read(tls_->ssl.get(), buffer, sizeof(buffer))
                         : ::recv(fd_, buffer, sizeof(buffer), 0);
  if (size <= 0) return {};
  std::string bytes(buffer, static_cast<std::size_t>(size));
  const std::lock_guard lock(server_.mutex_);
  server_.received_ += bytes;
  server_.changed_.notify_all();
  return bytes;
}

std::string Peer::read_request() {
  std::string request;
  std::size_t wanted = std::string::npos;
  while (request.size() < wanted) {
    const std::string more = read_some();
    if (more.empty()) return {};
    request += more;
    const std::size_t end = request.find("\r\n\r\n");
    if (end != std::string::npos) wanted = end + 4 + content_length(request.substr(0, end));
  }
  const std::lock_guard lock(server_.mutex_);
  server_.requests_.push_back(request);
  server_.changed_.notify_all();
  return request;
}

bool Peer::write(std::string_view bytes) {
  while (!bytes.empty()) {
    ERR_clear_error();
    const auto size = tls_
                          ? SSL_write(tls_->ssl.get(), bytes.data(), static_cast<int>(bytes.size()))
                          : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

void Peer::send_ticket() {
  SSL_new_session_ticket(tls_->ssl.get());
  SSL_do_handshake(tls_->ssl.get());
}

void Peer::hold_back(bool on) {
  const int cork = on ? 1 : 0;
  ::setsockopt(fd_, IPPROTO_TCP, TCP_CORK, &cork, sizeof(cork));
}

void Peer::write_bare(std::string_view bytes) {
  ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

void Peer::read_until_closed() {
  while (!read_some().empty()) {
  }
}

void Peer::finish() {
  ERR_clear_error();
  if (tls_) SSL_shutdown(tls_->ssl.get());
  ::shutdown(fd_, SHUT_WR);
}

void Peer::reset() {
  // Disconnecting sends RST now, and leaves the number of the descriptor to the destructor.
  sockaddr nowhere{};
  nowhere.sa_family = AF_UNSPEC;
  ::connect(fd_, &nowhere, sizeof(nowhere));
}

bool Peer::wait_for_release() {
  std::unique_lock lock(server_.mutex_);
  server_.changed_.wait(lock, [this] { return server_.released_ || server_.stopping_; });
  return !server_.stopping_;
}

bool Peer::pause(std::chrono::milliseconds time) {
  std::unique_lock lock(server_.mutex_);
  return !server_.changed_.wait_for(lock, time, [this] { return server_.stopping_; });
}

TlsServer::TlsServer(local_workspace::Certificate certificate, Script script, Options options)
    : certificate_(std::move(certificate)),
      script_(std::move(script)),
      options_(std::move(options)),
      context_(make_context(certificate_, options_)) {
  listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  // Inherited by the connections: who is not read from shall notice soon.
  const int window = 64 * 1024;
  ::setsockopt(listener_, SOL_SOCKET, SO_RCVBUF, &window, sizeof(window));
  if (listener_ < 0 || ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_, SOMAXCONN) != 0 ||
      ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("TlsServer: cannot listen on 127.0.0.1");
  }
  port_ = ntohs(address.sin_port);
  acceptor_ = std::thread([this] { accept_all(); });
}

TlsServer::~TlsServer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    changed_.notify_all();
  }
  ::shutdown(listener_, SHUT_RDWR);
  acceptor_.join();
  for (std::thread& thread : threads_) thread.join();
  ::close(listener_);
}

void TlsServer::accept_all() {
  block_sigpipe();  // the threads started here inherit it
  for (;;) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
    const std::lock_guard lock(mutex_);
    if (fd < 0 || stopping_) {
      if (fd >= 0) ::close(fd);
      return;
    }
    const int on = 1;  // as servers do; the answer would wait 40 ms for an ACK
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    open_.push_back(fd);
    const std::size_t number = ++connections_;
    changed_.notify_all();
    threads_.emplace_back([this, fd, number] {
      Peer peer(*this, fd, number);
      script_(peer);
    });
  }
}

TlsServer::Script TlsServer::answering(std::string response) {
  return [response = std::move(response)](Peer& peer) {
    if (!peer.shake_hands()) return;
    while (!peer.read_request().empty() && peer.write(response)) {
    }
  };
}

std::string TlsServer::response(int status, std::string_view body, std::string_view content_type) {
  return "HTTP/1.1 " + std::to_string(status) +
         " Scripted\r\nContent-Type: " + std::string(content_type) +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + std::string(body);
}

std::string TlsServer::url_of(const std::string& scheme) const {
  return scheme + "://127.0.0.1:" + std::to_string(port_);
}

std::string TlsServer::received() const {
  const std::lock_guard lock(mutex_);
  return received_;
}

std::vector<std::string> TlsServer::requests() const {
  const std::lock_guard lock(mutex_);
  return requests_;
}

std::size_t TlsServer::connections() const {
  const std::lock_guard lock(mutex_);
  return connections_;
}

std::size_t TlsServer::resumptions() const {
  const std::lock_guard lock(mutex_);
  return resumptions_;
}

std::size_t TlsServer::early_data() const {
  const std::lock_guard lock(mutex_);
  return early_data_;
}

std::vector<int> TlsServer::offered_groups() const {
  const std::lock_guard lock(mutex_);
  return offered_groups_;
}

bool TlsServer::wait_until(const std::function<bool()>& reached) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, reached);
}

bool TlsServer::wait_for_connections(std::size_t count) const {
  return wait_until([&] { return connections_ >= count; });
}

bool TlsServer::wait_for_requests(std::size_t count) const {
  return wait_until([&] { return requests_.size() >= count; });
}

bool TlsServer::wait_until_open(std::size_t count) const {
  return wait_until([&] { return open_.size() == count; });
}

void TlsServer::release() {
  const std::lock_guard lock(mutex_);
  released_ = true;
  changed_.notify_all();
}

}  // namespace test_support
