#include "workspace/server.hpp"

#include <Poco/Crypto/EVPPKey.h>
#include <Poco/Crypto/X509Certificate.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequestHandler.h>
#include <Poco/Net/HTTPRequestHandlerFactory.h>
#include <Poco/Net/HTTPServerParams.h>
#include <Poco/Net/HTTPServerRequestImpl.h>
#include <Poco/Net/HTTPServerResponse.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/Net/SecureServerSocket.h>
#include <Poco/StreamCopier.h>
#include <Poco/Timestamp.h>
#include <Poco/URI.h>
#include <Poco/UUIDGenerator.h>

#include <sstream>
#include <stdexcept>
#include <utility>

namespace local_workspace {
namespace {

using Poco::Net::HTTPServerRequest;
using Poco::Net::HTTPServerResponse;

// Each connection has a thread, and a fault may keep one for long.
constexpr int kThreads = 64;

Poco::Net::ServerSocket listen(std::uint16_t port, const Certificate& certificate) {
  Poco::Net::initializeSSL();
  Poco::Net::Context::Params parameters;
  parameters.verificationMode = Poco::Net::Context::VERIFY_NONE;
  Poco::Net::Context::Ptr context =
      new Poco::Net::Context(Poco::Net::Context::TLS_SERVER_USE, parameters);
  context->requireMinimumProtocol(Poco::Net::Context::PROTO_TLSV1_2);
  std::istringstream certificate_pem(certificate.certificate_pem);
  std::istringstream key_pem(certificate.key_pem);
  context->useCertificate(Poco::Crypto::X509Certificate(certificate_pem));
  context->usePrivateKey(Poco::Crypto::EVPPKey(nullptr, &key_pem));

  // Not SO_REUSEPORT, which Poco sets by default: two workspaces would share a port unseen.
  Poco::Net::SecureServerSocket socket(context);
  try {
    socket.bind(Poco::Net::SocketAddress("127.0.0.1", port), true, false);
    socket.listen(128);
  } catch (const Poco::Exception& error) {
    throw std::runtime_error("cannot listen on 127.0.0.1:" + std::to_string(port) + " (" +
                             error.displayText() + "): give another --port");
  }
  return socket;
}

Request read(HTTPServerRequest& http) {
  Request request;
  request.method = http.getMethod();
  request.authorization = http.get("Authorization", "");
  request.azure_management_token = http.get("X-Databricks-Azure-SP-Management-Token", "");
  request.azure_resource_id = http.get("X-Databricks-Azure-Workspace-Resource-Id", "");
  Poco::StreamCopier::copyToString(http.stream(), request.body);
  const Poco::URI uri(http.getURI());
  request.path = uri.getPath();
  for (const auto& [name, value] : uri.getQueryParameters()) request.query[name] = value;
  return request;
}

/// Ends the connection here and now; the server then has nothing to answer on.
void close(HTTPServerRequest& http) {
  static_cast<Poco::Net::HTTPServerRequestImpl&>(http).detachSocket().close();
}

void send(HTTPServerRequest& http, HTTPServerResponse& response, const Answer& answer,
          bool truncate) {
  response.setStatusAndReason(static_cast<Poco::Net::HTTPResponse::HTTPStatus>(answer.status));
  response.setDate(Poco::Timestamp(now_ms() * 1000));
  response.set("X-Request-Id", Poco::UUIDGenerator::defaultGenerator().createRandom().toString());
  if (answer.status != Poco::Net::HTTPResponse::HTTP_NO_CONTENT) {
    response.setContentType(answer.content_type);
    response.setContentLength64(static_cast<Poco::Int64>(answer.body.size()));
  }
  for (const auto& [name, value] : answer.headers) response.set(name, value);
  response.send() << answer.body.substr(0, truncate ? answer.body.size() / 2 : std::string::npos)
                  << std::flush;
  if (truncate) close(http);
}

class Handler : public Poco::Net::HTTPRequestHandler {
 public:
  Handler(const Router& router, Faults& faults, RequestLog& log, const Around& around)
      : router_(router), faults_(faults), log_(log), around_(around) {}

  void handleRequest(HTTPServerRequest& http, HTTPServerResponse& response) override {
    try {
      serve(http, response);
    } catch (const Poco::SyntaxException& error) {
      send(http, response,
           Refusal(400, std::string("MALFORMED_REQUEST"), error.displayText()).answer(), false);
    } catch (const std::runtime_error& error) {  // the disk is full, say
      send(http, response, Refusal(500, std::string("INTERNAL_ERROR"), error.what()).answer(),
           false);
    }
  }

 private:
  void serve(HTTPServerRequest& http, HTTPServerResponse& response) {
    const Request request = read(http);
    const bool is_control = request.path.starts_with(kControlPrefix);
    std::optional<Fault> fault;
    if (!is_control) fault = faults_.take(request.method, request.path);

    std::optional<Answer> answer = Answer();
    if (fault && !fault->effect_first()) faults_.wait(fault->delay);
    if (!fault || fault->has_effect()) answer = is_control ? router_.handle(request) : ask(request);
    if (fault && fault->effect_first()) faults_.wait(fault->delay);
    if (fault && answer) fault->apply(*answer);

    if (fault && fault->close != Fault::Close::kNo) answer.reset();
    log_.add(request, router_.pattern(request), answer ? answer->status : 0);
    if (answer) {
      send(http, response, *answer, fault && fault->truncate);
    } else {
      close(http);
    }
  }

  std::optional<Answer> ask(const Request& request) const {
    const Router::Handler serve = [&router = router_](const Request& asked) {
      return router.handle(asked);
    };
    return around_ ? around_(request, serve) : serve(request);
  }

  const Router& router_;
  Faults& faults_;
  RequestLog& log_;
  const Around& around_;
};

class HandlerFactory : public Poco::Net::HTTPRequestHandlerFactory {
 public:
  HandlerFactory(const Router& router, Faults& faults, RequestLog& log, Around around)
      : router_(router), faults_(faults), log_(log), around_(std::move(around)) {}

  Poco::Net::HTTPRequestHandler* createRequestHandler(const HTTPServerRequest&) override {
    return new Handler(router_, faults_, log_, around_);
  }

 private:
  const Router& router_;
  Faults& faults_;
  RequestLog& log_;
  const Around around_;
};

}  // namespace

Server::Server(std::uint16_t port, const Certificate& certificate)
    : socket_(listen(port, certificate)), threads_("workspace", 2, kThreads + 1) {}

Server::~Server() {
  if (server_ == nullptr) return;
  faults_->stop();
  server_->stopAll(true);
}

void Server::start(const Router& router, Faults& faults, RequestLog& log, Around around) {
  faults_ = &faults;
  Poco::Net::HTTPServerParams::Ptr parameters = new Poco::Net::HTTPServerParams;
  parameters->setSoftwareVersion("databricks");
  parameters->setMaxThreads(kThreads);
  parameters->setMaxQueued(1024);
  server_ = std::make_unique<Poco::Net::HTTPServer>(
      new HandlerFactory(router, faults, log, std::move(around)), threads_, socket_, parameters);
  server_->start();
}

}  // namespace local_workspace
