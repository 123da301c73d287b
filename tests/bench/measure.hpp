// Measures a piece of work within Google Benchmark's loop.
#pragma once

#include <benchmark/benchmark.h>

#include <ctime>

namespace bench {

inline double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Runs `prepare` and `work` in turn and measures `work` alone: its time is the iteration's, its
/// thread's CPU time the counter "cpu_us".
template <class Prepare, class Work>
void measure(benchmark::State& state, Prepare prepare, Work work) {
  double cpu = 0;
  for (auto _ : state) {
    prepare();
    const double cpu_before = seconds(CLOCK_THREAD_CPUTIME_ID);
    const double before = seconds(CLOCK_MONOTONIC);
    work();
    state.SetIterationTime(seconds(CLOCK_MONOTONIC) - before);
    cpu += seconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
  }
  state.counters["cpu_us"] = benchmark::Counter(1e6 * cpu, benchmark::Counter::kAvgIterations);
}

template <class Work>
void measure(benchmark::State& state, Work work) {
  measure(
      state, [] {}, work);
}

}  // namespace bench
