#include "support/local_workspace.hpp"

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Parser.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/Net/NetException.h>
#include <Poco/Net/NetSSL.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace test_support {
namespace {

using Poco::JSON::Object;

Object::Ptr parse(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

std::filesystem::path temporary_directory() {
  std::string name = (std::filesystem::temp_directory_path() / "local-workspace-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  return name;
}

int wait_for_exit(pid_t process) {
  int status = 0;
  ::waitpid(process, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/// Returns once the program has written its first line, or has ended.
pid_t launch(const std::string& directory) {
  int out[2];
  if (::pipe(out) != 0) throw std::runtime_error("pipe failed");
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);
    ::dup2(out[1], STDOUT_FILENO);
    ::close(out[0]);
    ::close(out[1]);
    ::execl(LOCAL_WORKSPACE_PROGRAM, "local-workspace", "--directory", directory.c_str(), nullptr);
    ::_exit(127);
  }
  ::close(out[1]);
  char byte = 0;
  bool ready = false;
  while (!ready && ::read(out[0], &byte, 1) == 1) ready = byte == '\n';
  ::close(out[0]);
  if (!ready) {
    wait_for_exit(child);
    throw std::runtime_error("local-workspace ended before it was ready");
  }
  return child;
}

}  // namespace

Object::Ptr HttpReply::json() const { return parse(body); }

LocalWorkspace::LocalWorkspace() : directory_(temporary_directory()) {
  Poco::Net::initializeSSL();
  start();
}

LocalWorkspace::~LocalWorkspace() {
  if (process_ != 0) kill();
  std::filesystem::remove_all(directory_);
}

void LocalWorkspace::start() {
  process_ = launch(directory_.string());
  std::ifstream file(directory_ / "workspace.json");
  description_ = parse({std::istreambuf_iterator<char>(file), {}});
  context_ = new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, ca_file().string(),
                                    Poco::Net::Context::VERIFY_STRICT);
}

void LocalWorkspace::kill() {
  ::kill(process_, SIGKILL);
  wait_for_exit(process_);
  process_ = 0;
}

int LocalWorkspace::terminate() {
  ::kill(process_, SIGTERM);
  const int code = wait_for_exit(process_);
  process_ = 0;
  return code;
}

std::string LocalWorkspace::text(const std::string& member) const {
  return description_->getValue<std::string>(member);
}

LocalWorkspace::Principal LocalWorkspace::principal(const std::string& display_name) const {
  for (const auto& item : *description_->getArray("principals")) {
    const Object::Ptr json = item.extract<Object::Ptr>();
    if (json->getValue<std::string>("display_name") == display_name) {
      return {json->getValue<std::string>("application_id"), json->getValue<std::int64_t>("id"),
              display_name, json->optValue<std::string>("oauth_secret", "")};
    }
  }
  throw std::runtime_error("the workspace has no principal " + display_name);
}

HttpReply LocalWorkspace::send(const std::string& method, const std::string& path,
                               const std::string& authorization, const std::string& body,
                               const std::string& content_type,
                               const std::map<std::string, std::string>& headers) const {
  const Poco::URI uri(url());
  Poco::Net::HTTPSClientSession session(uri.getHost(), uri.getPort(), context_);
  session.setTimeout(Poco::Timespan(20, 0));
  Poco::Net::HTTPRequest request(method, path, Poco::Net::HTTPMessage::HTTP_1_1);
  if (!authorization.empty()) request.set("Authorization", authorization);
  for (const auto& [name, value] : headers) request.set(name, value);
  request.setContentType(content_type);
  request.setContentLength(static_cast<std::streamsize>(body.size()));
  session.sendRequest(request) << body;

  Poco::Net::HTTPResponse response;
  HttpReply reply;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), reply.body);
  if (response.hasContentLength() &&
      static_cast<std::uint64_t>(response.getContentLength64()) != reply.body.size()) {
    throw Poco::Net::NetException("the body is truncated");
  }
  reply.status = response.getStatus();
  reply.headers = response;
  return reply;
}

HttpReply LocalWorkspace::admin(const std::string& method, const std::string& path,
                                const std::string& body) const {
  return send(method, path, "Bearer " + admin_token(), body);
}

void LocalWorkspace::wait_until_idle() const {
  // A line for each socket: "n: local-address:PORT remote-address:PORT state ..", in hexadecimal.
  constexpr unsigned kTimeWait = 0x06;
  constexpr unsigned kListen = 0x0A;
  const unsigned port = Poco::URI(url()).getPort();
  const auto busy = [port] {
    std::ifstream sockets("/proc/net/tcp");
    for (std::string line; std::getline(sockets, line);) {
      unsigned local = 0;
      unsigned state = 0;
      if (std::sscanf(line.c_str(), "%*d: %*x:%x %*x:%*x %x", &local, &state) == 2 &&
          local == port && state != kTimeWait && state != kListen)
        return true;
    }
    return false;
  };
  while (busy()) {
  }
}

void LocalWorkspace::fail(const std::string& fault) const {
  const HttpReply reply = admin("POST", "/__local/faults", fault);
  if (reply.status != 200) throw std::runtime_error("the fault is refused: " + reply.body);
}

void LocalWorkspace::clear_faults() const { admin("DELETE", "/__local/faults"); }

Object::Ptr LocalWorkspace::state() const { return admin("GET", "/__local/state").json(); }

std::vector<std::string> LocalWorkspace::live_tokens(const std::string& application_id) const {
  std::vector<std::string> ids;
  const Poco::JSON::Array::Ptr tokens = state()->getArray("tokens");
  for (const auto& item : *tokens) {
    const Object::Ptr token = item.extract<Object::Ptr>();
    if (token->getValue<bool>("live") && token->getValue<std::string>("owner") == application_id) {
      ids.push_back(token->getValue<std::string>("token_id"));
    }
  }
  return ids;
}

}  // namespace test_support
