#include "integration/fixture.hpp"

#include <Poco/JSON/Parser.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace integration {
namespace {

namespace fs = std::filesystem;
using Poco::JSON::Object;

constexpr const char* kPrincipal = "data-pipeline";

std::string read_file(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Object::Ptr parse(const std::string& text) {
  return Poco::JSON::Parser().parse(text).extract<Object::Ptr>();
}

fs::path make_directory() {
  std::string name = (fs::temp_directory_path() / "sample-host-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("mkdtemp " + name);
  return name;
}

/// Tokens of the workspace begin with dapi, its OAuth secrets with dose, its access tokens with
/// oauth-, credentials that tests make up with canary-.
void expect_no_secret(const std::string& text) {
  static const std::regex kSecret("(dapi|dose)[0-9a-f]{32}|oauth-[0-9a-f]{32}|canary-");
  EXPECT_FALSE(std::regex_search(text, kSecret)) << "a secret is in an output";
}

}  // namespace

HostTest::HostTest() : directory_(make_directory()) {
  environment["HOME"] = directory_.string();
  environment["DATABRICKS_ADMIN_TOKEN"] = workspace.admin_token();
  fs::copy_file(workspace.ca_file(), path("ca.pem"));
  write("host.json", R"({"connectors": [")" CONNECTORS R"("], "connections": ["connections"],
  "store": {"type": "sqlite", "path": "slots.db", "key_file": "slots.key"}})");
  write_connection(connection());
}

HostTest::~HostTest() { fs::remove_all(directory_); }

void HostTest::serve(const Served& served) const {
  workspace.clear_faults();
  Poco::JSON::Object headers;
  for (const auto& [name, value] : served.headers) headers.set(name, value);
  Poco::JSON::Object fault;
  fault.set("path", served.path);
  if (*served.method != '\0') fault.set("method", served.method);
  fault.set("times", 1000);
  fault.set("status", served.status);
  fault.set("body", served.body);
  fault.set("headers", headers);
  std::ostringstream text;
  fault.stringify(text);
  workspace.fail(text.str());
}

void HostTest::wait_for_fault(int times) const {
  const auto left = [this] {
    return workspace.state()->getArray("faults")->getObject(0)->getValue<int>("times");
  };
  while (left() == times) {
  }
}

std::size_t HostTest::live_tokens() const {
  return workspace.live_tokens(workspace.principal(kPrincipal).application_id).size();
}

std::size_t HostTest::requests() const { return workspace.state()->getArray("requests")->size(); }

std::vector<std::string> HostTest::methods() const {
  std::vector<std::string> methods;
  const auto all = workspace.state()->getArray("requests");
  for (unsigned i = 0; i < all->size(); ++i) {
    const auto request = all->getObject(i);
    if (!request->getValue<std::string>("route").starts_with("/__local"))
      methods.push_back(request->getValue<std::string>("method"));
  }
  return methods;
}

int HostTest::answer_to(const std::string& token) const {
  return workspace.send("GET", "/api/2.0/preview/scim/v2/Me", "Bearer " + token).status;
}

HostTest::Object HostTest::manifest(const std::string& name) {
  return parse(read_file(MANIFESTS "/" + name + ".connection.json"));
}

HostTest::Object HostTest::connection() const {
  const auto local = manifest("local");
  auto config = local->getObject("config");
  config->set("workspace_url", workspace.url());
  config->set("application_id", workspace.principal(kPrincipal).application_id);
  config->getObject("tls")->set("ca_file", "../ca.pem");
  return local;
}

void HostTest::write_connection(const Object& connection, const std::string& name) const {
  std::ostringstream text;
  connection->stringify(text, 2);
  write("connections/" + name + ".connection.json", text.str());
}

fs::path HostTest::write(const std::string& name, const std::string& text, int mode) const {
  const fs::path file = path(name);
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::trunc) << text;
  ::chmod(file.c_str(), static_cast<mode_t>(mode));
  return file;
}

std::unique_ptr<Process> HostTest::start(const std::vector<std::string>& arguments,
                                         std::vector<std::string> tracer) const {
  std::vector<std::string> program = std::move(tracer);
  program.emplace_back(SAMPLE_HOST);
  program.insert(program.end(), arguments.begin(), arguments.end());
  std::vector<std::string> variables;
  for (const auto& [name, value] : environment) variables.push_back(name + "=" + value);
  // The sanitizers' options are for the program as well.
  for (const char* name : {"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LSAN_OPTIONS"})
    if (const char* value = std::getenv(name)) variables.push_back(std::string(name) + "=" + value);
  return std::make_unique<Process>(program, variables);
}

Finished HostTest::host(const std::vector<std::string>& arguments) const {
  std::vector<std::string> all = {"--config", path("host.json").string()};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Finished finished = start(all)->wait();
  expect_no_secret(finished.out + finished.err);
  return finished;
}

HostTest::Object HostTest::json(const std::vector<std::string>& arguments, int code) const {
  std::vector<std::string> all = {"--json"};
  all.insert(all.end(), arguments.begin(), arguments.end());
  const Finished finished = host(all);
  EXPECT_EQ(finished.code, code) << finished.out << finished.err;
  EXPECT_EQ(finished.out.find('\n'), finished.out.size() - 1) << "not one line: " << finished.out;
  const auto document = parse(finished.out);
  EXPECT_EQ(document->getValue<bool>("ok"), code == 0);
  return document;
}

std::string HostTest::reveal() const {
  const Finished finished =
      start({"--config", path("host.json").string(), "tokens", "local", "--reveal", "current"})
          ->wait();
  expect_no_secret(finished.err);
  if (finished.code != 0) throw std::runtime_error(finished.err);
  return finished.out.substr(0, finished.out.size() - 1);
}

}  // namespace integration
