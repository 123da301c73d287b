// What an idle connection keeps of the heap: those that 4 callers at once have left, beside one.
//
//     connection_benchmark
//
// Writes {"bytes_per_connection": ..}.
#include <malloc.h>

#include <cstdio>
#include <thread>
#include <vector>

#include "bench/hub.hpp"
#include "bench/server.hpp"

int main() {
  const bench::Server slow({.delay = std::chrono::milliseconds(200)});  // so that none is free
  constexpr std::size_t kConnections = 4;  // as many as the plugin keeps for a workspace
  bench::Hub hub;
  std::vector<std::unique_ptr<hub::Connection>> callers;
  for (std::size_t i = 0; i < kConnections; ++i)
    callers.push_back(hub.open(slow, "caller-" + std::to_string(i)));
  bench::invoke(*callers[0], "check", "{}");
  const auto kept = [] { return ::mallinfo2().uordblks; };
  const auto with_one = kept();
  {
    std::vector<std::jthread> threads;
    for (const auto& caller : callers)
      threads.emplace_back([&caller] { bench::invoke(*caller, "check", "{}"); });
  }
  std::printf("{\"bytes_per_connection\": %.0f}\n",
              static_cast<double>(kept() - with_one) / (kConnections - 1));
}
