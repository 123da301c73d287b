#include "server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <utility>

namespace hub::validate {
namespace {

namespace fs = std::filesystem;

template <auto Free>
struct Freed {
  template <class T>
  void operator()(T* what) const {
    Free(what);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Tls = std::unique_ptr<SSL, Freed<SSL_free>>;
using Context = std::unique_ptr<SSL_CTX, Freed<SSL_CTX_free>>;

void require(bool done, const char* what) {
  if (!done) throw std::runtime_error(std::string("the servers could not be made: ") + what);
}

void add_extension(X509* certificate, int kind, const char* value) {
  const std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>> extension(
      X509V3_EXT_conf_nid(nullptr, nullptr, kind, value));
  require(extension && X509_add_ext(certificate, extension.get(), -1) == 1, "extension");
}

/// For 127.0.0.1, a day, signed by itself.
Certificate make_certificate(EVP_PKEY* key) {
  Certificate made(X509_new());
  require(made && X509_set_version(made.get(), X509_VERSION_3) == 1, "certificate");
  ASN1_INTEGER_set(X509_get_serialNumber(made.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(made.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), 86400);
  X509_set_pubkey(made.get(), key);
  X509_NAME* const name = X509_get_subject_name(made.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("hub-validate"), -1, -1, 0);
  X509_set_issuer_name(made.get(), name);
  add_extension(made.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(made.get(), NID_subject_alt_name, "IP:127.0.0.1");
  require(X509_sign(made.get(), key, EVP_sha256()) > 0, "signature");
  return made;
}

/// A listening socket and its port.
std::pair<int, std::uint16_t> listen_somewhere() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const plain = reinterpret_cast<sockaddr*>(&address);
  require(::bind(listener, plain, size) == 0 && ::listen(listener, SOMAXCONN) == 0 &&
              ::getsockname(listener, plain, &size) == 0,
          "listen");
  return {listener, ntohs(address.sin_port)};
}

std::string in_json(std::string_view text) {
  std::string escaped;
  for (const char each : text) {
    if (each == '"' || each == '\\') escaped += '\\';
    escaped += static_cast<unsigned char>(each) < ' ' ? ' ' : each;
  }
  return escaped;
}

/// Each connection has a thread of its own and is left to it.
void serve(int connection, SSL_CTX* context, Servers::Kind kind) {
  if (kind == Servers::kNeverShakesHands) {
    char byte = 0;
    while (::read(connection, &byte, 1) > 0) {
    }
    ::close(connection);
    return;
  }
  const Tls tls(SSL_new(context));
  SSL_set_fd(tls.get(), connection);
  char chunk[16384];
  if (SSL_accept(tls.get()) == 1) {
    for (int got = 0; (got = SSL_read(tls.get(), chunk, sizeof chunk)) > 0;) {
      if (kind == Servers::kNeverAnswers) continue;
      const std::string request = in_json({chunk, static_cast<std::size_t>(got)});
      const std::string body = R"({"error": "invalid_request", "error_code": "BAD_REQUEST", )"
                               R"("message": ")" +
                               request + R"("})";
      const std::string answer =
          "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nContent-Length: " +
          std::to_string(body.size()) + "\r\n\r\n" + body;
      const std::size_t left_out = kind == Servers::kStopsHalfway ? body.size() / 2 : 0;
      SSL_write(tls.get(), answer.data(), static_cast<int>(answer.size() - left_out));
    }
  }
  ::close(connection);
}

[[noreturn]] void accept_all(int listener, SSL_CTX* context, Servers::Kind kind) {
  for (;;) {
    const int connection = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (connection != -1) std::thread(serve, connection, context, kind).detach();
  }
}

/// A terminal's SIGINT and SIGHUP are the parent's affair, whose end is a SIGTERM here.
[[noreturn]] void serve_until_told(const fs::path& directory) {
  sigset_t told;
  sigemptyset(&told);
  sigaddset(&told, SIGTERM);
  for (int number = 0; ::sigwait(&told, &number) != 0;) {
  }
  std::error_code ignored;
  fs::remove_all(directory, ignored);
  ::_exit(0);
}

}  // namespace

Servers::Servers() {
  const Key key(EVP_EC_gen("P-256"));
  require(key != nullptr, "key");
  const Certificate certificate = make_certificate(key.get());
  const Context context(SSL_CTX_new(TLS_server_method()));
  require(context && SSL_CTX_use_certificate(context.get(), certificate.get()) == 1 &&
              SSL_CTX_use_PrivateKey(context.get(), key.get()) == 1,
          "TLS");

  // From here on the servers' process removes what is made, also when a signal ends this one.
  const pid_t parent = ::getpid();
  sigset_t ends;
  sigset_t before;
  sigemptyset(&ends);
  for (const int each : {SIGHUP, SIGINT, SIGTERM}) sigaddset(&ends, each);
  ::pthread_sigmask(SIG_BLOCK, &ends, &before);
  std::string pattern = fs::temp_directory_path() / "hub-validate.XXXXXX";
  require(::mkdtemp(pattern.data()) != nullptr, "directory");
  directory_ = pattern;
  const std::unique_ptr<FILE, Freed<std::fclose>> file(std::fopen(ca_file().c_str(), "w"));
  require(file && PEM_write_X509(file.get(), certificate.get()) == 1, "ca_file");

  std::array<int, std::tuple_size_v<decltype(ports_)>> listeners{};
  for (std::size_t i = 0; i < listeners.size(); ++i)
    std::tie(listeners[i], ports_[i]) = listen_somewhere();
  process_ = ::fork();
  require(process_ != -1, "fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::kill(::getpid(), SIGTERM);
    std::signal(SIGPIPE, SIG_IGN);
    for (std::size_t i = 0; i < listeners.size(); ++i)
      std::thread(accept_all, listeners[i], context.get(), static_cast<Kind>(i)).detach();
    serve_until_told(directory_);
  }
  for (const int listener : listeners) ::close(listener);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

Servers::~Servers() {
  ::kill(process_, SIGTERM);
  ::waitpid(process_, nullptr, 0);
}

}  // namespace hub::validate
