// The first token of a process: loads the plugin by its manifest, opens a connection, calls.
//
//     first_call
//
// Writes {"milliseconds": ..}, from the beginning of main.
#include <cstdio>
#include <ctime>

#include "bench/hub.hpp"
#include "bench/measure.hpp"
#include "bench/server.hpp"

int main() {
  const bench::Server server({});
  const double before = bench::seconds(CLOCK_MONOTONIC);
  bench::Hub hub;
  const auto connection = hub.open(server, "first");
  bench::invoke(*connection, "create-token", "{}");
  std::printf("{\"milliseconds\": %.2f}\n", 1e3 * (bench::seconds(CLOCK_MONOTONIC) - before));
}
