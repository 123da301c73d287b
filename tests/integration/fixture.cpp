#include "fixture.hpp"

#include <Poco/JSON/Parser.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/Net/HTTPSClientSession.h>
#include <Poco/StreamCopier.h>
#include <Poco/URI.h>
#include <sys/stat.h>

#include <csignal>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Poco::JSON::Object;

std::string read_file(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Object::Ptr parse(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

std::string to_text(const Object::Ptr& object) {
  std::ostringstream text;
  object->stringify(text, 2);
  return text.str();
}

fs::path make_directory() {
  std::string name = (fs::temp_directory_path() / "sample-host-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  return name;
}

/// What the tests' own environment must hand on for a sanitizer's options to count.
std::vector<std::string> environment_of(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) result.push_back(std::string(name) + "=" + value);
  return result;
}

/// Tokens of the workspace begin with dapi, credentials that tests make up with canary-.
void expect_no_secret(const std::string& text) {
  static const std::regex kSecret("dapi[0-9a-f]{32}|dose[0-9a-f]{32}|canary-");
  EXPECT_FALSE(std::regex_search(text, kSecret)) << "a secret is in an output";
}

int send(const std::string& base, const fs::path& ca_file, const std::string& method,
         const std::string& path, const std::string& token, const std::string& body,
         std::string& answer) {
  const Poco::URI uri(base);
  const Poco::Net::Context::Ptr context(
      new Poco::Net::Context(Poco::Net::Context::TLS_CLIENT_USE, "", "", ca_file.string(),
                             Poco::Net::Context::VERIFY_RELAXED, 9, false, "ALL"));
  Poco::Net::HTTPSClientSession session(uri.getHost(), uri.getPort(), context);
  session.setTimeout(Poco::Timespan(30, 0));
  Poco::Net::HTTPRequest request(method, path, "HTTP/1.1");
  request.setContentLength(static_cast<int>(body.size()));
  request.setContentType("application/json");
  if (!token.empty()) request.set("Authorization", "Bearer " + token);
  session.sendRequest(request) << body;
  Poco::Net::HTTPResponse response;
  Poco::StreamCopier::copyToString(session.receiveResponse(response), answer);
  return response.getStatus();
}

}  // namespace

HostTest::HostTest() : directory_(make_directory()) {
  start_workspace();
  environment["HOME"] = directory_.string();
  environment["DATABRICKS_ADMIN_TOKEN"] = workspace()->getValue<std::string>("admin_token");
  write("host.json", R"({"connectors": [")" CONNECTORS R"("], "connections": ["connections"],
  "store": {"type": "sqlite", "path": "slots.db", "key_file": "slots.key"}})");
  write_connection(connection());
}

HostTest::~HostTest() {
  workspace_.reset();
  fs::remove_all(directory_);
}

void HostTest::start_workspace() {
  workspace_.reset();
  workspace_ = std::make_unique<Process>(
      std::vector<std::string>{LOCAL_WORKSPACE, "--directory", path("workspace").string()},
      environment_of({}));
  workspace_->wait_for_line();
}

HostTest::Object HostTest::workspace() const {
  return parse(read_file(path("workspace/workspace.json")));
}

std::string HostTest::application_id(const std::string& display_name) const {
  for (const auto& item : *workspace()->getArray("principals")) {
    const auto principal = item.extract<Object>();
    if (principal->getValue<std::string>("display_name") == display_name)
      return principal->getValue<std::string>("application_id");
  }
  throw std::runtime_error("the workspace has no principal " + display_name);
}

HostTest::Object HostTest::control(const std::string& method, const std::string& name,
                                   const std::string& body) const {
  std::string answer;
  const int status = send(workspace()->getValue<std::string>("url"), path("workspace/ca.pem"),
                          method, "/__local/" + name, "", body, answer);
  if (status != 200) throw std::runtime_error("the workspace: " + answer);
  return parse(answer);
}

void HostTest::wait_for_fault(int times) const {
  while (control("GET", "state")->getArray("faults")->getObject(0)->getValue<int>("times") ==
         times) {
  }
}

std::size_t HostTest::live_tokens() const {
  std::size_t count = 0;
  for (const auto& item : *control("GET", "state")->getArray("tokens")) {
    const auto token = item.extract<Object>();
    if (token->getValue<bool>("live") &&
        token->getValue<std::string>("owner").find('@') == std::string::npos)
      ++count;
  }
  return count;
}

std::size_t HostTest::requests(const std::string& method, const std::string& route) const {
  std::size_t count = 0;
  for (const auto& item : *control("GET", "state")->getArray("requests")) {
    const auto request = item.extract<Object>();
    if (request->getValue<std::string>("method") == method &&
        request->getValue<std::string>("route").find(route) != std::string::npos)
      ++count;
  }
  return count;
}

HostTest::Object HostTest::connection() {
  const auto manifest = parse(read_file(MANIFESTS "/local.connection.json"));
  auto config = manifest->getObject("config");
  config->set("workspace_url", workspace()->getValue<std::string>("url"));
  config->set("application_id", application_id("data-pipeline"));
  config->getObject("tls")->set("ca_file", "../workspace/ca.pem");
  return manifest;
}

void HostTest::write_connection(const Object& connection, const std::string& name) {
  write("connections/" + name + ".connection.json", to_text(connection));
}

fs::path HostTest::write(const std::string& name, const std::string& text, int mode) {
  const fs::path file = path(name);
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::trunc) << text;
  ::chmod(file.c_str(), static_cast<mode_t>(mode));
  return file;
}

std::unique_ptr<Process> HostTest::start_host(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {SAMPLE_HOST};
  all.insert(all.end(), arguments.begin(), arguments.end());
  return std::make_unique<Process>(all, environment_of(environment));
}

Finished HostTest::host(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {"--config", path("host.json").string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Finished finished = start_host(all)->wait();
  expect_no_secret(finished.out + finished.err);
  return finished;
}

HostTest::Object HostTest::json(const std::vector<std::string>& arguments, int code) const {
  std::vector<std::string> all = {"--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Finished finished = host(all);
  EXPECT_EQ(finished.code, code) << finished.out << finished.err;
  // One document, on one line.
  EXPECT_EQ(finished.out.find('\n'), finished.out.size() - 1) << finished.out;
  const auto document = parse(finished.out);
  EXPECT_EQ(document->getValue<bool>("ok"), code == 0);
  return document;
}

std::string HostTest::reveal() const {
  const Finished finished =
      start_host({"--config", path("host.json").string(), "tokens", "local", "--reveal", "current"})
          ->wait();
  expect_no_secret(finished.err);
  if (finished.code != 0) throw std::runtime_error(finished.err);
  return finished.out.substr(0, finished.out.size() - 1);
}

int HostTest::answer_to(const std::string& token) const {
  std::string answer;
  return send(workspace()->getValue<std::string>("url"), path("workspace/ca.pem"), "GET",
              "/api/2.0/preview/scim/v2/Me", token, "", answer);
}

}  // namespace integration
