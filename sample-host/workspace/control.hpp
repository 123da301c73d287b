#pragma once

#include <Poco/JSON/Array.h>

#include <deque>
#include <mutex>
#include <string>

#include "workspace/faults.hpp"
#include "workspace/router.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// The requests that were answered, in order; the newest ten thousand. [thread-safe]
class RequestLog {
 public:
  /// `route` is the route's pattern; status 0 says that the connection was closed without an
  /// answer.
  void add(const std::string& method, const std::string& route, int status);
  /// [{"method", "route", "status"}]
  Poco::JSON::Array::Ptr list() const;

 private:
  struct Entry {
    std::string method;
    std::string route;
    int status;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

/// This server's own API, all below here: faults, and the ground truth. No fault touches it.
inline constexpr std::string_view kControlPrefix = "/__local/";

void add_control_routes(Router& router, State& state, Faults& faults, const RequestLog& log);

}  // namespace local_workspace
