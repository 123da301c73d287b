#include "bench/server.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "workspace/certificate_authority.hpp"

namespace bench {
namespace {

using Clock = std::chrono::steady_clock;

/// A bucket that holds a second's worth of requests.
class Rate {
 public:
  explicit Rate(double per_second) : per_second_(per_second), left_(per_second) {}

  bool take() {
    if (per_second_ <= 0) return true;
    const std::lock_guard lock(mutex_);
    const auto now = Clock::now();
    left_ += per_second_ * std::chrono::duration<double>(now - at_).count();
    if (left_ > per_second_) left_ = per_second_;
    at_ = now;
    if (left_ < 1) return false;
    left_ -= 1;
    return true;
  }

 private:
  const double per_second_;
  std::mutex mutex_;
  double left_;
  Clock::time_point at_ = Clock::now();
};

using Context = std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)>;

Context context_with(const local_workspace::Certificate& certificate, bool gives_tickets) {
  const auto bio = [](const std::string& text) {
    return std::unique_ptr<BIO, decltype(&BIO_free)>(
        BIO_new_mem_buf(text.data(), static_cast<int>(text.size())), &BIO_free);
  };
  const std::unique_ptr<X509, decltype(&X509_free)> own(
      PEM_read_bio_X509(bio(certificate.certificate_pem).get(), nullptr, nullptr, nullptr),
      &X509_free);
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(
      PEM_read_bio_PrivateKey(bio(certificate.key_pem).get(), nullptr, nullptr, nullptr),
      &EVP_PKEY_free);
  Context context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
  SSL_CTX_use_certificate(context.get(), own.get());
  SSL_CTX_use_PrivateKey(context.get(), key.get());
  SSL_CTX_set_min_proto_version(context.get(), TLS1_3_VERSION);
  SSL_CTX_set_mode(context.get(), SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_num_tickets(context.get(), gives_tickets ? 1 : 0);
  return context;
}

/// The number behind `"name":` in `json`, or `otherwise`.
std::int64_t number(std::string_view json, std::string_view name, std::int64_t otherwise) {
  const auto at = json.find(name);
  return at == std::string_view::npos ? otherwise : std::atoll(json.data() + at + name.size() + 2);
}

std::string body_of(std::string_view request) {
  static std::atomic<std::uint64_t> made{1};
  const std::string_view line = request.substr(0, request.find('\r'));
  char text[512];
  if (line.starts_with("POST /api/2.0/token-management/on-behalf-of/tokens ")) {
    const std::uint64_t id = made++;
    const std::int64_t now = static_cast<std::int64_t>(std::time(nullptr)) * 1000;
    std::snprintf(text, sizeof text,
                  R"({"token_value":"dapi%016llx%016llx","token_info":{"token_id":"%064llx",)"
                  R"("creation_time":%lld,"expiry_time":%lld,"comment":"benchmark",)"
                  R"("created_by_id":5571823345012966,"created_by_username":"admin@example.com",)"
                  R"("owner_id":%.*s}})",
                  static_cast<unsigned long long>(id * 0x9E3779B97F4A7C15U),
                  static_cast<unsigned long long>(id * 0xC2B2AE3D27D4EB4FU),
                  static_cast<unsigned long long>(id), static_cast<long long>(now),
                  static_cast<long long>(now + 1000 * number(request, "lifetime_seconds", 3600)),
                  static_cast<int>(kOwnerId.size()), kOwnerId.data());
    return text;
  }
  if (line.starts_with("GET /api/2.0/preview/scim/v2/Me ")) {
    std::snprintf(text, sizeof text,
                  R"({"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"id":"%.*s",)"
                  R"("userName":"%.*s","displayName":"pipeline","active":true})",
                  static_cast<int>(kOwnerId.size()), kOwnerId.data(),
                  static_cast<int>(kApplicationId.size()), kApplicationId.data());
    return text;
  }
  if (line.starts_with("GET /api/2.0/preview/scim/v2/ServicePrincipals")) {
    std::snprintf(text, sizeof text,
                  R"({"totalResults":1,"startIndex":1,"itemsPerPage":1,"Resources":[{"id":"%.*s",)"
                  R"("applicationId":"%.*s","displayName":"pipeline","active":true}]})",
                  static_cast<int>(kOwnerId.size()), kOwnerId.data(),
                  static_cast<int>(kApplicationId.size()), kApplicationId.data());
    return text;
  }
  return "{}";
}

std::string answer_to(std::string_view request, bool allowed, bool closes) {
  const std::string body =
      allowed ? body_of(request)
              : R"({"error_code":"REQUEST_LIMIT_EXCEEDED","message":"too many requests"})";
  return std::string("HTTP/1.1 ") +
         (allowed ? "200 OK" : "429 Too Many Requests\r\nRetry-After: 1") +
         (closes ? "\r\nConnection: close" : "") +
         "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) +
         "\r\n\r\n" + body;
}

/// How many bytes `request` has once it is whole, or 0.
std::size_t whole(std::string_view request) {
  const auto end = request.find("\r\n\r\n");
  if (end == std::string_view::npos) return 0;
  constexpr std::string_view kLength = "Content-Length: ";
  const auto at = request.substr(0, end).find(kLength);
  const std::size_t body =
      at == std::string_view::npos
          ? 0
          : static_cast<std::size_t>(std::atoll(request.data() + at + kLength.size()));
  return request.size() >= end + 4 + body ? end + 4 + body : 0;
}

void serve(int fd, SSL_CTX* context, Rate& rate, Server::Options options) {
  const std::unique_ptr<SSL, decltype(&SSL_free)> ssl(SSL_new(context), &SSL_free);
  SSL_set_fd(ssl.get(), fd);
  if (SSL_accept(ssl.get()) == 1) {
    std::string received;
    char bytes[16384];
    for (int count = 0; (count = SSL_read(ssl.get(), bytes, sizeof bytes)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(count));
      const std::size_t size = whole(received);
      if (size == 0) continue;
      if (options.delay.count() > 0) std::this_thread::sleep_for(options.delay);
      const std::string answer = answer_to(received, rate.take(), options.closes);
      received.erase(0, size);
      if (SSL_write(ssl.get(), answer.data(), static_cast<int>(answer.size())) <= 0 ||
          options.closes)
        break;
    }
    SSL_shutdown(ssl.get());
  }
  ::close(fd);
}

void accept_all(int listener, SSL_CTX* context, Server::Options options) {
  Rate rate(options.rate);
  for (;;) {
    const int fd = ::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) continue;
    const int yes = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    std::thread(serve, fd, context, std::ref(rate), options).detach();
  }
}

/// Its port goes into `port`.
int listen_at_any(std::uint16_t& port) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (::bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener, 4096) != 0 ||
      ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0)
    throw std::runtime_error("no port to listen at");
  port = ntohs(address.sin_port);
  return listener;
}

}  // namespace

Server::Server(Options options) {
  std::string pattern = std::filesystem::temp_directory_path() / "bench-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
  directory_ = pattern;
  ca_file_ = directory_ / "ca.pem";
  const local_workspace::CertificateAuthority authority("Benchmark");
  std::ofstream(ca_file_) << authority.certificate().certificate_pem;

  const std::time_t now = std::time(nullptr);
  const Context context =
      context_with(authority.issue({"127.0.0.1"}, now - 3600, now + 86400), options.gives_tickets);
  ports_.resize(options.ports);
  std::vector<int> listeners;
  for (std::uint16_t& port : ports_) listeners.push_back(listen_at_any(port));
  process_ = ::fork();
  if (process_ < 0) throw std::runtime_error("fork");
  if (process_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    std::signal(SIGPIPE, SIG_IGN);
    cpu_set_t last;
    CPU_ZERO(&last);
    CPU_SET(std::thread::hardware_concurrency() - 1, &last);
    sched_setaffinity(0, sizeof last, &last);
    for (const int listener : listeners)
      std::thread(accept_all, listener, context.get(), options).detach();
    for (;;) ::pause();
  }
  for (const int listener : listeners) ::close(listener);
}

Server::~Server() {
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
  std::filesystem::remove_all(directory_);
}

}  // namespace bench
