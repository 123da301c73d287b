#include "bench/contenders.hpp"

#include <Poco/JSON/Parser.h>
#include <Poco/Net/Context.h>
#include <Poco/Net/HTTPRequest.h>
#include <Poco/Net/HTTPResponse.h>
#include <Poco/StreamCopier.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>

#include <stdexcept>

#include "bench/measure.hpp"

namespace bench {

using Poco::Net::Context;
using Poco::Net::HTTPRequest;

CurlHandle::CurlHandle(const Server& server)
    : url_(server.url()),
      curl_(curl_easy_init(), &curl_easy_cleanup),
      headers_(curl_slist_append(
                   curl_slist_append(nullptr,
                                     (std::string("Authorization: Bearer ") + kAdminToken).c_str()),
                   "Content-Type: application/json"),
               &curl_slist_free_all) {
  curl_easy_setopt(curl_.get(), CURLOPT_CAINFO, server.ca_file().c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPHEADER, headers_.get());
  curl_easy_setopt(curl_.get(), CURLOPT_WRITEDATA, &answer_);
  curl_easy_setopt(
      curl_.get(), CURLOPT_WRITEFUNCTION,
      +[](const char* data, std::size_t, std::size_t size, std::string* answer) {
        answer->append(data, size);
        return size;
      });
}

void CurlHandle::exchange(const Request& request) {
  answer_.clear();
  const bool has_body = !request.body.empty();
  curl_easy_setopt(curl_.get(), CURLOPT_URL, (url_ + request.target).c_str());
  curl_easy_setopt(curl_.get(), CURLOPT_HTTPGET, 1L);
  curl_easy_setopt(curl_.get(), CURLOPT_CUSTOMREQUEST, request.method.c_str());
  if (has_body) curl_easy_setopt(curl_.get(), CURLOPT_POSTFIELDS, request.body.c_str());
  if (const CURLcode code = curl_easy_perform(curl_.get()); code != CURLE_OK)
    throw std::runtime_error(curl_easy_strerror(code));
}

PocoSession::PocoSession(const Server& server)
    : session_(
          "127.0.0.1", server.port(),
          new Context(Context::TLS_CLIENT_USE, "", "", server.ca_file(), Context::VERIFY_STRICT)) {
  session_.setKeepAlive(true);
}

void PocoSession::exchange(const Request& request) {
  HTTPRequest asked(request.method, request.target, HTTPRequest::HTTP_1_1);
  asked.set("Authorization", "Bearer " + std::string(kAdminToken));
  if (!request.body.empty()) asked.setContentType("application/json");
  asked.setContentLength(static_cast<std::streamsize>(request.body.size()));
  session_.sendRequest(asked) << request.body;
  Poco::Net::HTTPResponse response;
  std::string body;
  Poco::StreamCopier::copyToString(session_.receiveResponse(response), body);
  Poco::JSON::Parser().parse(body);
}

PluginClient::PluginClient(const Server& server)
    : client_(clients_.get(*databricks_token::Origin::parse(server.url()),
                           {.ca_file = server.ca_file()})) {}

void PluginClient::exchange(const Request& request) {
  const auto answer =
      client_->send(call_.call(), {.method = request.method,
                                   .target = request.target,
                                   .bearer = &token_,
                                   .user_agent = "benchmark/1.0.0 auth/pat",
                                   .content_type = request.body.empty() ? "" : "application/json",
                                   .body = request.body});
  if (!answer || answer->status != 200) throw std::runtime_error("the plugin's client");
}

Cost run_process(const std::vector<std::string>& command) {
  std::vector<char*> arguments;
  for (const std::string& argument : command)
    arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t files;
  posix_spawn_file_actions_init(&files);
  posix_spawn_file_actions_addopen(&files, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);

  const double before = seconds(CLOCK_MONOTONIC);
  pid_t process = 0;
  const int failed =
      ::posix_spawnp(&process, arguments[0], &files, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&files);
  int status = 0;
  rusage used{};
  if (failed != 0 || ::wait4(process, &status, 0, &used) != process || status != 0)
    throw std::runtime_error(command[0] + " failed");
  const auto microseconds = [](const timeval& time) {
    return 1e6 * static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec);
  };
  return {.cpu_us = microseconds(used.ru_utime) + microseconds(used.ru_stime),
          .seconds = seconds(CLOCK_MONOTONIC) - before};
}

}  // namespace bench
