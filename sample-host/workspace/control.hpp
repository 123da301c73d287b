#pragma once

#include <Poco/JSON/Array.h>

#include <deque>
#include <mutex>
#include <string>

#include "workspace/faults.hpp"
#include "workspace/router.hpp"
#include "workspace/state.hpp"

namespace local_workspace {

/// The requests that were answered, in order; the newest hundred thousand. [thread-safe]
class RequestLog {
 public:
  /// `route` is the route's pattern; status 0 says that the connection was closed without an
  /// answer.
  void add(const Request& request, const std::string& route, int status);
  /// [{"method", "route", "status", "body_sha256"}], the last only of requests that have a body.
  Poco::JSON::Array::Ptr list() const;

 private:
  struct Entry {
    std::string method;
    std::string route;
    int status;
    std::string body_sha256;
  };
  mutable std::mutex mutex_;
  std::deque<Entry> entries_;
};

/// This server's own API, all below here: faults, and the ground truth. No fault touches it.
inline constexpr std::string_view kControlPrefix = "/__local/";

void add_control_routes(Router& router, State& state, Faults& faults, const RequestLog& log);

}  // namespace local_workspace
