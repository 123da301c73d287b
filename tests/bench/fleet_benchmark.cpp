// A fleet: instances of the plugin over many workspaces, at the ABI.
//
//     fleet_benchmark --instances N [--origins N] [--rotations N] [--rate REQUESTS_PER_SECOND]
//
// Opens N instances, makes a token for each, rotates some of them, and writes what it took as one
// line of JSON. With --rate each origin allows so many requests a second, all instances rotate, and
// one thread serves each origin.
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iostream>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/hub.hpp"
#include "bench/server.hpp"
#include "call.hpp"
#include "loaded_connector.hpp"

namespace {

using bench::Server;

double seconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

/// How often any thread of this process was woken so far, and how many threads there are.
std::pair<long, int> wake_ups() {
  long woken = 0;
  int threads = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    ++threads;
    std::ifstream status(task.path() / "status");
    for (std::string key; status >> key;) {
      if (key == "voluntary_ctxt_switches:") {
        long count = 0;
        status >> count;
        woken += count;
      }
    }
  }
  return {woken, threads};
}

std::size_t open_sockets() {
  std::size_t sockets = 0;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry, gone).string().starts_with("socket:")) ++sockets;
  }
  return sockets;
}

class Fleet {
 public:
  explicit Fleet(const Server& server, std::size_t origins)
      : server_(server), origins_(origins), connector_(services_, CONNECTOR, {}) {
    const Grants none;
    call("", none,
         [&](const hub_call* raw) { return connector_.table.start(&connector_.host, raw); });
  }
  ~Fleet() {
    for (hub_instance* instance : instances_) connector_.table.close(instance);
    connector_.table.stop();
  }
  Fleet(const Fleet&) = delete;
  Fleet& operator=(const Fleet&) = delete;

  void open(std::size_t count) {
    std::vector<std::string> configurations;
    for (std::size_t i = 0; i < origins_; ++i)
      configurations.push_back(bench::configuration(server_, i));
    instances_.resize(count);
    const Grants none;
    for (std::size_t i = 0; i < count; ++i) {
      call("fleet", none, [&](const hub_call* raw) {
        return connector_.table.open(raw, hub::text_of("fleet"),
                                     hub::text_of(configurations[i % origins_]), &instances_[i]);
      });
    }
  }

  void invoke(std::size_t index, std::string_view operation, std::string_view request) {
    const Grants granted{{"admin", {.reference = "env:ADMIN", .slot = ""}},
                         {"token", {.reference = "", .slot = std::to_string(index)}}};
    hub::BoundedText response(65536);
    call("fleet", granted, [&](const hub_call* raw) {
      return connector_.table.invoke(instances_[index], raw, hub::text_of(operation),
                                     hub::text_of(request), response.sink());
    });
    services_.redactor().redact(response.text());
  }

  std::size_t size() const { return instances_.size(); }

 private:
  using Grants = std::map<std::string, hub::ConnectionManifest::Grant>;

  template <class Body>
  void call(const std::string& name, const Grants& granted, Body body) {
    const hub::HostCall::Subject subject{.services = services_,
                                         .connection = name,
                                         .declared = connector_.description.secrets,
                                         .granted = granted};
    hub::CallOptions options;
    options.timeout = std::chrono::minutes(10);
    const hub::HostCall host_call(subject, options);
    if (const hub_status status = body(host_call.raw()); status != HUB_OK)
      throw std::runtime_error(host_call.outcome(status, "call").message);
  }

  const Server& server_;
  const std::size_t origins_;
  bench::Memory memory_;
  bench::Services services_{memory_};
  hub::LoadedConnector connector_;
  std::vector<hub_instance*> instances_;
};

/// `work` for each index below `count`, on so many threads, of which each takes every n-th.
void in_parallel(std::size_t threads, std::size_t count,
                 const std::function<void(std::size_t)>& work) {
  std::vector<std::thread> running;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    running.emplace_back([&, thread] {
      for (std::size_t i = thread; i < count; i += threads) work(i);
    });
  }
  for (std::thread& each : running) each.join();
}

std::size_t option(int count, char** arguments, std::string_view name, std::size_t otherwise) {
  for (int i = 1; i + 1 < count; i += 2)
    if (arguments[i] == name) return std::strtoul(arguments[i + 1], nullptr, 10);
  return otherwise;
}

}  // namespace

int main(int count, char** arguments) try {
  const std::size_t instances = option(count, arguments, "--instances", 1000);
  const std::size_t origins = option(count, arguments, "--origins", 200);
  const std::size_t rate = option(count, arguments, "--rate", 0);
  const std::size_t rotations =
      std::min(instances, option(count, arguments, "--rotations", instances));
  const Server server({.ports = origins, .rate = static_cast<double>(rate)});
  Fleet fleet(server, origins);

  const auto memory_before = ::mallinfo2().uordblks;
  const auto begin = std::chrono::steady_clock::now();
  fleet.open(instances);
  const double open_seconds = seconds_since(begin);
  const auto memory = ::mallinfo2().uordblks - memory_before;

  constexpr std::string_view kNow = R"({"when": "now"})";
  std::size_t threads = 2;
  const auto create = [&](std::size_t i) { fleet.invoke(i, "create-token", "{}"); };
  const auto rotate = [&](std::size_t i) { fleet.invoke(i, "rotate-token", kNow); };
  if (rate > 0) threads = origins;
  const auto create_begin = std::chrono::steady_clock::now();
  const double cpu_before_create = cpu_seconds();
  in_parallel(threads, instances, create);
  const double create_seconds = seconds_since(create_begin);
  const double create_cpu = cpu_seconds() - cpu_before_create;

  if (rate > 0)
    std::this_thread::sleep_for(std::chrono::seconds(1));  // what is allowed is whole again
  const auto rotate_begin = std::chrono::steady_clock::now();
  const double cpu_before_rotate = cpu_seconds();
  in_parallel(threads, rotations, rotate);
  const double rotate_seconds = seconds_since(rotate_begin);
  const double rotate_cpu = cpu_seconds() - cpu_before_rotate;

  const auto [woken_before, threads_before] = wake_ups();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  const auto [woken, threads_left] = wake_ups();

  std::printf(R"({"instances": %zu, "origins": %zu, "rate": %zu, "open_seconds": %.3f, )"
              R"("bytes_per_instance": %.0f, "create_seconds": %.3f, "create_cpu_us": %.1f, )"
              R"("rotations": %zu, "rotate_seconds": %.3f, "rotate_cpu_us": %.1f, "sockets": %zu, )"
              R"("threads": %d, "wake_ups": %ld})"
              "\n",
              instances, origins, rate, open_seconds,
              static_cast<double>(memory) / static_cast<double>(instances), create_seconds,
              1e6 * create_cpu / static_cast<double>(instances), rotations, rotate_seconds,
              1e6 * rotate_cpu / static_cast<double>(rotations), open_sockets(), threads_left,
              woken - woken_before - 1);  // our own sleep
  return 0;
} catch (const std::exception& wrong) {
  std::cerr << "fleet_benchmark: " << wrong.what() << "\n";
  return 1;
}
