// A TLS server on 127.0.0.1 that does to each connection what the test's script says.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "workspace/certificate_authority.hpp"

struct ssl_ctx_st;  // SSL_CTX

namespace test_support {

class TlsServer;

/// The server's end of one connection, for the script that runs on the connection's own thread.
/// Plain TCP until shake_hands, TLS afterwards. Everything ends early when the server does.
class Peer {
 public:
  Peer(TlsServer& server, int fd, std::size_t number);
  ~Peer();
  Peer(const Peer&) = delete;
  Peer& operator=(const Peer&) = delete;

  /// 1 for the server's first connection.
  std::size_t number() const { return number_; }

  /// False when the client broke it off.
  bool shake_hands();
  /// A whole HTTP request, head and body, counted by the server; empty when the client has closed.
  std::string read_request();
  /// False when the client has closed.
  bool write(std::string_view bytes);
  /// One more of TLS 1.3.
  void send_ticket();
  /// What is written from here on leaves at once, together, when it is called with false.
  void hold_back(bool on);
  /// Past TLS, if there is any.
  void write_bare(std::string_view bytes);
  /// Reads, and drops, until the client closes.
  void read_until_closed();
  /// Tells the client that nothing more comes (close_notify, then FIN).
  void finish();
  /// Closes so that the client sees ECONNRESET.
  void reset();
  /// Until TlsServer::release(), or for as long as the time given; false when the server ends.
  bool wait_for_release();
  bool pause(std::chrono::milliseconds time);

 private:
  struct Tls;

  std::string read_some();

  TlsServer& server_;
  int fd_;
  std::size_t number_;
  std::unique_ptr<Tls> tls_;
};

struct TlsServerOptions {
  int max_tls_version = 0;        // such as TLS1_1_VERSION; 0: the newest
  bool forgets_sessions = false;  // gives out tickets and refuses them later
  std::string client_ca_pem{};    // asks for a client certificate of this CA; empty: for none
};

/// Thread-safe. The destructor shuts every connection down and joins all threads.
class TlsServer {
 public:
  using Script = std::function<void(Peer&)>;
  using Options = TlsServerOptions;

  /// Listens when this returns. `script` runs once for each connection, which is closed after it.
  TlsServer(local_workspace::Certificate certificate, Script script, Options options = {});
  ~TlsServer();
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  /// A script that shakes hands and answers each request with `response`, HTTP to the last byte.
  static Script answering(std::string response);
  /// A response with Content-Length.
  static std::string response(int status, std::string_view body,
                              std::string_view content_type = "application/json");

  std::uint16_t port() const { return port_; }
  /// "https://127.0.0.1:port"
  std::string url() const { return url_of("https"); }
  std::string url_of(const std::string& scheme) const;

  /// All that arrived on all connections, deciphered where there was TLS.
  std::string received() const;
  /// The requests that read_request returned.
  std::vector<std::string> requests() const;
  std::size_t connections() const;
  /// Handshakes that resumed a session, and those in which the client sent data early.
  std::size_t resumptions() const;
  std::size_t early_data() const;
  /// The curves of the latest handshake's client in its order, as OpenSSL's NIDs.
  std::vector<int> offered_groups() const;

  /// Blocks until so many were seen; false after ten seconds.
  bool wait_for_connections(std::size_t count) const;
  bool wait_for_requests(std::size_t count) const;
  /// Blocks until so many connections are left open; false after ten seconds.
  bool wait_until_open(std::size_t count) const;
  bool wait_until_all_closed() const { return wait_until_open(0); }

  /// Lets wait_for_release return, now and from now on.
  void release();

 private:
  friend class Peer;

  void accept_all();
  bool wait_until(const std::function<bool()>& reached) const;

  const local_workspace::Certificate certificate_;
  const Script script_;
  const Options options_;
  const std::shared_ptr<ssl_ctx_st> context_;
  int listener_ = -1;
  std::uint16_t port_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::condition_variable changed_;
  bool stopping_ = false;
  bool released_ = false;
  std::size_t connections_ = 0;
  std::size_t resumptions_ = 0;
  std::size_t early_data_ = 0;
  std::vector<int> offered_groups_;
  std::string received_;
  std::vector<std::string> requests_;
  std::vector<int> open_;  // descriptors of connections that are not closed yet
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

}  // namespace test_support
