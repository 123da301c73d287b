// Others that send what the plugin sends.
#pragma once

#include <Poco/Net/HTTPSClientSession.h>
#include <curl/curl.h>

#include <memory>
#include <string>
#include <vector>

#include "bench/raw.hpp"
#include "bench/server.hpp"
#include "http/clients.hpp"
#include "support/fake_call.hpp"

namespace bench {

/// libcurl with one handle, kept alive. Throws std::runtime_error.
class CurlHandle {
 public:
  explicit CurlHandle(const Server& server);

  void exchange(const Request& request);

 private:
  const std::string url_;
  const std::unique_ptr<CURL, decltype(&curl_easy_cleanup)> curl_;
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers_;
  std::string answer_;
};

/// Poco's own session, kept alive, each answer parsed into Poco's JSON objects.
class PocoSession {
 public:
  explicit PocoSession(const Server& server);

  void exchange(const Request& request);

 private:
  Poco::Net::HTTPSClientSession session_;
};

/// The plugin's own HTTP client, without all that stands above it.
class PluginClient {
 public:
  explicit PluginClient(const Server& server);

  void exchange(const Request& request);

 private:
  databricks_token::HttpClients clients_{"databricks-token/1.0.0"};
  const std::shared_ptr<databricks_token::HttpClient> client_;
  const hub::Secret token_{kAdminToken};
  const test_support::FakeCall call_{std::chrono::hours(1)};
};

/// The processor time of `command` and its children, in microseconds, and its time. The command
/// must succeed and its output is dropped. Throws std::runtime_error.
struct Cost {
  double cpu_us = 0;
  double seconds = 0;
};
Cost run_process(const std::vector<std::string>& command);

}  // namespace bench
