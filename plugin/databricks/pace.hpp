// How soon a workspace may be asked again.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "http/client.hpp"

namespace databricks_token {

/// Until when a workspace asked to be left alone, whichever connection it told. Thread-safe.
class Pace {
 public:
  using Time = std::chrono::steady_clock::time_point;

  /// The workspace asked, at `now`, to wait for so long.
  void hold_back(std::chrono::milliseconds wait, Time now);

  /// How long a request that is ready at `now` has to wait; 0 if it may go. Those who wait follow
  /// each other at a distance of 10 ms, within 250 ms, so that they do not return in one instant.
  std::chrono::milliseconds wait_at(Time now);

 private:
  std::mutex mutex_;  // guards what follows
  Time until_{};
  int waiting_ = 0;
};

/// The paces of all workspaces that a process talks to. Thread-safe.
class Paces {
 public:
  /// The same one for the same origin.
  std::shared_ptr<Pace> of(const Origin& origin);

 private:
  std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Pace>> by_origin_;
};

}  // namespace databricks_token
