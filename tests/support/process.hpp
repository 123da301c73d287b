// A program under test, run as an operator runs it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <string>
#include <vector>

namespace test_support {

/// How a program ended and what it wrote.
struct Finished {
  int code = -1;   // its exit code; -1: a signal ended it
  int signal = 0;  // that signal
  std::string out;
  std::string err;
};

/// Started by the constructor; killed by the destructor, with what it started, if it has not ended
/// by then.
class Process {
 public:
  /// `arguments` begin with the program's path. The environment is `environment` alone. It may take
  /// as long as `patience`.
  Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
          std::chrono::milliseconds patience = std::chrono::minutes(1));
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  void send(int signal) const;

  /// Reads both outputs to their end and waits for the program's. Throws std::runtime_error when
  /// patience ends.
  Finished wait();

 private:
  /// Waits for output and appends it. False when both outputs are at their end.
  bool read_some();

  pid_t pid_ = -1;
  int out_ = -1;
  int err_ = -1;
  Finished finished_;
  std::chrono::steady_clock::time_point deadline_;
};

}  // namespace test_support
