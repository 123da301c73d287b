// What a check is, and what it says.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "server.hpp"

namespace hub::validate {

enum class Outcome { kPassed, kWarned, kSkipped, kFailed, kCrashed };

struct Verdict {
  Outcome outcome = Outcome::kPassed;
  std::string seen;  // no secret; may be empty when it passed
};

inline Verdict passed(std::string seen = "") { return {Outcome::kPassed, std::move(seen)}; }
inline Verdict warned(std::string seen) { return {Outcome::kWarned, std::move(seen)}; }
inline Verdict skipped(std::string why) { return {Outcome::kSkipped, std::move(why)}; }
inline Verdict failed(std::string seen) { return {Outcome::kFailed, std::move(seen)}; }

/// What ends a check early, wherever it stands.
struct Ended {
  Verdict verdict;
};

/// What is validated.
struct Subject {
  std::filesystem::path library;      // empty: the manifest leads to none
  std::filesystem::path manifest;     // empty: only the library was named
  std::optional<std::string> config;  // the text of --config, with {server} and {ca_file}
  std::uint64_t seed = 1;
  const Servers* servers = nullptr;  // not there when the configuration names nothing of them

  /// Whether the configuration leads to our servers.
  bool names_server() const { return config && config->find("{server}") != std::string::npos; }
};

/// Runs in a process of its own.
struct Check {
  std::string number;  // the rule's in docs/contract.md, with a letter where it has several
  std::string title;   // what is true when it passes
  std::string advice;  // what to do when it does not
  std::string needs;   // the number of the check without which this one makes no sense, or empty
  std::function<Verdict(const Subject&)> run;
  bool exits = false;  // when it has passed its process ends by exit(), not by _exit()
};

using Checks = std::vector<Check>;

Checks library_checks();
Checks description_checks();
Checks life_checks();
Checks memory_checks();
Checks error_checks();
Checks secret_checks();
Checks process_checks();
Checks time_checks();

}  // namespace hub::validate
