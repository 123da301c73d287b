#pragma once

#include <Poco/Net/HTTPServer.h>
#include <Poco/ThreadPool.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "workspace/certificate_authority.hpp"
#include "workspace/control.hpp"
#include "workspace/faults.hpp"
#include "workspace/router.hpp"

namespace local_workspace {

/// What stands around a request, for programs that have the server in their own process. `serve`
/// applies the request's effect and makes its answer; it may be called never, twice or later, for
/// as long as the workspace lives. Without an answer the connection is closed. [thread-safe]
using Around = std::function<std::optional<Answer>(const Request&, const Router::Handler& serve)>;

/// Serves a router over HTTPS (TLS 1.2 at least) on 127.0.0.1, with faults put in and requests
/// noted.
class Server {
 public:
  /// Takes the port; 0 is any that is free. Throws std::runtime_error when it is taken.
  Server(std::uint16_t port, const Certificate& certificate);
  /// Ends connections, also those that a fault delays.
  ~Server();

  std::uint16_t port() const { return socket_.address().port(); }
  /// From here on requests are answered; those below kControlPrefix have nothing around them. The
  /// router, the faults and the log outlive the server.
  void start(const Router& router, Faults& faults, RequestLog& log, Around around);

 private:
  Poco::Net::ServerSocket socket_;
  Poco::ThreadPool threads_;
  std::unique_ptr<Poco::Net::HTTPServer> server_;
  Faults* faults_ = nullptr;
};

}  // namespace local_workspace
