// What a call costs on warm connections, beside what the same requests cost others. SDK_DIRECTORY
// in the environment names a folder in which @databricks/sdk-experimental is installed.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string>

#include "bench/contenders.hpp"
#include "bench/hub.hpp"
#include "bench/measure.hpp"
#include "bench/raw.hpp"
#include "bench/server.hpp"

namespace {

using bench::Hub;
using bench::Request;
using bench::Server;
using benchmark::State;

template <class Run>
benchmark::internal::Benchmark* add(const char* name, Run run) {
  return benchmark::RegisterBenchmark(name, run)->UseManualTime()->Unit(benchmark::kMicrosecond);
}

/// A contender that sends the requests of create-token one after the other.
template <class Client>
void add_client(const char* name, Client& client) {
  add(name, [&client](State& state) {
    const auto requests = bench::create_token_requests();
    bench::measure(state, [&] {
      for (const Request& request : requests) client.exchange(request);
    });
  });
}

class Raw {
 public:
  explicit Raw(const Server& server)
      : server_(server),
        context_(bench::raw_context(server)),
        connection_(server, context_.get()) {}

  /// Built before it is measured: by hand it costs nothing.
  void add(const char* name, const std::vector<Request>& requests) {
    std::vector<std::string> texts;
    for (const Request& request : requests) texts.push_back(bench::written(server_, request));
    ::add(name, [this, texts](State& state) {
      bench::measure(state, [&] {
        for (const std::string& text : texts) connection_.exchange(text);
      });
    });
  }

 private:
  const Server& server_;
  const std::shared_ptr<SSL_CTX> context_;
  bench::RawConnection connection_;
};

/// A connection for each exchange, with a full handshake or resumed.
void add_reconnecting(const char* name, const Server& server, bool resumes) {
  add(name, [&server, resumes](State& state) {
    const auto context = bench::raw_context(server);
    std::shared_ptr<SSL_SESSION> session;
    const auto requests = bench::create_token_requests();
    std::vector<std::string> texts;
    for (const Request& request : requests) texts.push_back(bench::written(server, request));
    bench::measure(state, [&] {
      for (const std::string& text : texts) {
        bench::RawConnection connection(server, context.get(), session.get());
        connection.exchange(text);
        if (resumes) session = connection.session();
      }
    });
  });
}

void add_create_token(const char* name, Hub& hub, hub::Connection& connection) {
  add(name, [&](State& state) {
    bench::measure(
        state, [&] { hub.forget_slots(); },
        [&] { bench::invoke(connection, "create-token", "{}"); });
  });
}

void add_hub(Hub& hub, hub::Connection& connection) {
  add_create_token("hub/create_token", hub, connection);
  add("hub/rotate_token", [&](State& state) {
    bench::measure(
        state,
        [&] {
          hub.forget_slots();
          bench::invoke(connection, "create-token", "{}");
        },
        [&] { bench::invoke(connection, "rotate-token", R"({"when": "now"})"); });
  });
  // Nothing is due: the ABI, the schema, the slot and the plan.
  add("hub/without_network", [&](State& state) {
    hub.forget_slots();
    bench::invoke(connection, "create-token", "{}");
    bench::measure(state, [&] { bench::invoke(connection, "rotate-token", "{}"); });
  });
}

/// `curl` as a manual has it, a process for each request, with the system's certificates.
void add_curl_process(const Server& server) {
  add("curl_process/create_token", [&server](State& state) {
    const std::string bundle = server.ca_file().string() + ".bundle";
    const std::string headers = server.ca_file().string() + ".headers";
    std::ofstream(bundle) << std::ifstream("/etc/ssl/certs/ca-certificates.crt").rdbuf()
                          << std::ifstream(server.ca_file()).rdbuf();
    std::ofstream(headers) << "Authorization: Bearer " << bench::kAdminToken << "\n"
                           << "Content-Type: application/json\n";
    double cpu = 0;
    for (auto _ : state) {
      double seconds = 0;
      for (const Request& request : bench::create_token_requests()) {
        std::vector<std::string> command = {"curl",     "--silent", "--show-error", "--fail",
                                            "--cacert", bundle,     "--header",     "@" + headers};
        if (!request.body.empty()) command.insert(command.end(), {"--data", request.body});
        command.push_back(server.url() + request.target);
        const bench::Cost cost = bench::run_process(command);
        seconds += cost.seconds;
        cpu += cost.cpu_us;
      }
      state.SetIterationTime(seconds);
    }
    state.counters["cpu_us"] = benchmark::Counter(cpu, benchmark::Counter::kAvgIterations);
  });
}

/// Databricks' JavaScript SDK, installed in `directory`: its whole process, once it is warm.
void add_sdk(const Server& server, const std::string& directory) {
  add("sdk_js/create_token", [&server, directory](State& state) {
    const std::string token = server.ca_file().string() + ".token";
    std::ofstream(token) << bench::kAdminToken;
    const std::string command = "NODE_EXTRA_CA_CERTS='" + server.ca_file().string() + "' node '" +
                                SDK_SCRIPT "' '" + directory + "' " + server.url() + ' ' +
                                std::string(bench::kApplicationId) + " 300 <'" + token + "'";
    for (auto _ : state) {
      FILE* const output = ::popen(command.c_str(), "r");
      double cpu_us = 0;
      double time_us = 0;
      const bool read = output != nullptr && std::fscanf(output, "%lf %lf", &cpu_us, &time_us) == 2;
      if (output == nullptr || ::pclose(output) != 0 || !read)
        throw std::runtime_error("the SDK failed");
      state.SetIterationTime(time_us / 1e6);
      state.counters["cpu_us"] = cpu_us;
    }
  })->Iterations(1);
}

/// Each thread with a connection of its own; the server takes its time to answer.
void add_threads(Hub& hub, const Server& slow) {
  for (const int threads : {1, 2, 4, 8, 16}) {
    benchmark::RegisterBenchmark("hub/slow_server",
                                 [&hub, &slow](State& state) {
                                   const auto connection = hub.open(
                                       slow, "slow-" + std::to_string(state.thread_index()));
                                   for (auto _ : state) bench::invoke(*connection, "check", "{}");
                                   state.SetItemsProcessed(state.iterations());
                                 })
        ->Threads(threads)
        ->UseRealTime()
        ->Unit(benchmark::kMillisecond);
  }
}

}  // namespace

int main(int count, char** arguments) {
  const Server server({});
  const Server slow({.delay = std::chrono::milliseconds(5)});
  const Server closing({.closes = true, .gives_tickets = false});
  const Server resuming({.closes = true});
  Hub hub;
  const auto connection = hub.open(server, "one");
  bench::invoke(*connection, "check", "{}");  // warm from here on
  Raw raw(server);
  bench::CurlHandle curl(server);
  bench::PocoSession poco(server);
  bench::PluginClient plugin(server);

  raw.add("raw/create_token", bench::create_token_requests());
  raw.add("raw/rotate_token", bench::rotate_token_requests());
  add_hub(hub, *connection);
  add_client("libcurl/create_token", curl);
  add_client("poco/create_token", poco);
  add_client("http/create_token", plugin);
  add_curl_process(server);
  if (const char* const directory = std::getenv("SDK_DIRECTORY")) add_sdk(server, directory);
  const auto fresh = hub.open(closing, "fresh");
  const auto resumed = hub.open(resuming, "resumed");
  add_reconnecting("raw/fresh", closing, false);
  add_reconnecting("raw/resumed", resuming, true);
  add_create_token("hub/fresh", hub, *fresh);
  add_create_token("hub/resumed", hub, *resumed);
  add_threads(hub, slow);

  benchmark::Initialize(&count, arguments);
  if (benchmark::ReportUnrecognizedArguments(count, arguments)) return 2;
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
