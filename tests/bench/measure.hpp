// Measures a piece of work within Google Benchmark's loop.
#pragma once

#include <benchmark/benchmark.h>
#include <sched.h>

#include <ctime>

namespace bench {

inline double seconds(clockid_t clock) {
  timespec now{};
  ::clock_gettime(clock, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Keeps the calling thread on a processor of its own while it lives: the servers are on the last.
class OnFirstProcessor {
 public:
  OnFirstProcessor() {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t first;
    CPU_ZERO(&first);
    CPU_SET(0, &first);
    sched_setaffinity(0, sizeof first, &first);
  }
  ~OnFirstProcessor() { sched_setaffinity(0, sizeof before_, &before_); }
  OnFirstProcessor(const OnFirstProcessor&) = delete;
  OnFirstProcessor& operator=(const OnFirstProcessor&) = delete;

 private:
  cpu_set_t before_;
};

/// Runs `prepare` and `work` in turn and measures `work` alone: its time is the iteration's, its
/// thread's CPU time the counter "cpu_us".
template <class Prepare, class Work>
void measure(benchmark::State& state, Prepare prepare, Work work) {
  const OnFirstProcessor own;
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
