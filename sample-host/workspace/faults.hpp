#pragma once

#include <Poco/JSON/Array.h>

#include <chrono>
#include <condition_variable>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "workspace/http.hpp"

namespace local_workspace {

/// What shall go wrong with the next requests of one kind.
struct Fault {
  /// A request's effect is what it changes, as the token that a create makes.
  enum class Close { kNo, kBeforeEffect, kAfterEffect };

  std::string path;    ///< a glob over the path without the query; * matches slashes too
  std::string method;  ///< empty: any
  std::int64_t times = 1;
  std::optional<int> status;        ///< what is answered instead; 200 if only a body is given
  std::optional<std::string> body;  ///< any text, HTML say
  std::vector<std::pair<std::string, std::string>> headers;  ///< added to the answer
  std::chrono::milliseconds delay{0};                        ///< where the effect is or would be
  Close close = Close::kNo;   ///< end the connection without an answer
  bool after_effect = false;  ///< apply the effect, then delay, then answer as said
  bool truncate = false;      ///< send half of the body and end the connection

  /// Reads {"path", "method", "times", "status", "body", "headers", "delay_ms", "close",
  /// "after_effect", "truncate"}; only path is needed. A body that is no string is sent as JSON.
  explicit Fault(const Body& json);

  bool has_effect() const { return effect_first() || (!replaces() && close == Close::kNo); }
  bool effect_first() const { return after_effect || close == Close::kAfterEffect; }
  bool replaces() const { return status.has_value() || body.has_value(); }
  /// Puts what it says into the answer.
  void apply(Answer& answer) const;
};

/// The faults that are still to come; the oldest that matches goes first. [thread-safe]
class Faults {
 public:
  void add(Fault fault);
  void clear();
  /// The fault for this request, counted down.
  std::optional<Fault> take(const std::string& method, const std::string& path);
  /// [{"path", "method", "times"}], times being what is left.
  Poco::JSON::Array::Ptr list() const;

  /// Waits, but not beyond stop().
  void wait(std::chrono::milliseconds duration);
  void stop();

 private:
  mutable std::mutex mutex_;
  std::condition_variable stopping_;
  bool stopped_ = false;
  std::list<Fault> faults_;
};

}  // namespace local_workspace
