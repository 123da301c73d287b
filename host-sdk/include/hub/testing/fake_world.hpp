// What surrounds a connector in its unit tests: a clock that the test moves, secrets and slots in
// memory, and faults at any call of the host's functions. Header-only, standard library only.
#pragma once

#include <hub/error.hpp>
#include <hub/redactor.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hub::testing {

/// Thread-safe, but for grants, faults and the time-out, which are set while no call runs.
class FakeWorld {
 public:
  /// What happens to one of the functions that secrets and slots have.
  enum class Fault {
    kUnavailable,  // nothing took effect, and UNAVAILABLE
    kAnswerLost,   // it took effect, and UNAVAILABLE
    kCancel,       // just before it the host cancels
    kTimeUp,       // just before it the deadline passes
  };
  struct LogLine {
    LogLevel level;
    std::string text;
  };

  FakeWorld() = default;
  virtual ~FakeWorld() = default;
  FakeWorld(const FakeWorld&) = delete;
  FakeWorld& operator=(const FakeWorld&) = delete;

  // ---- The world ----

  /// Milliseconds since 1970, at first some day of 2027. It moves by advance() alone.
  std::chrono::milliseconds now() const { return std::chrono::milliseconds(now_); }
  void advance(std::chrono::milliseconds duration) { now_ += duration.count(); }

  /// A credential with a value that is found wherever it leaks to; gives back the value.
  std::string grant(std::string name) {
    std::string canary = "canary-" + name + "/+\"\\-0123456789abcdef";
    grant(std::move(name), canary);
    return canary;
  }
  void grant(std::string name, const std::string& value) {
    credentials_.insert_or_assign(std::move(name), value);
  }
  /// A slot. It is the one of that name in slots().
  void grant_slot(std::string name) { slot_names_.insert(std::move(name)); }

  /// What the slots hold; slots().as_holder("other") is another host on them.
  MemorySlotStore& slots() { return slots_; }

  // ---- Faults ----

  /// Each later call has so much time, by now(). Without it there is no deadline.
  void set_timeout(std::chrono::milliseconds timeout) { timeout_ = timeout; }

  /// Lets `fault` happen to the `number`th call, from 0 and from now on, of a function that secrets
  /// and slots have; to none after that.
  void fail_at(std::size_t number, Fault fault) {
    calls_ = 0;
    fault_at_ = number;
    fault_ = fault;
  }
  /// How many of these calls there were since fail_at: the fault happened if there were more than
  /// its number.
  std::size_t calls() const { return calls_; }

  /// Cancels each call that is running, and those that follow until resume().
  void cancel() {
    // Not under the lock: this runs callbacks of the connector.
    cancellation().request_stop();
  }
  void resume() {
    const std::lock_guard lock(mutex_);
    cancelled_ = std::stop_source();
  }

  // ---- What was seen ----

  /// As the connector wrote them: nothing is masked.
  std::vector<LogLine> log_lines() const {
    const std::lock_guard lock(mutex_);
    return log_lines_;
  }

  /// What the connector did that the contract forbids: a secret in a log line, an error, a response
  /// or a note, a failure without fail(), a callback left registered, a slot left begun, a note
  /// that is too long or no JSON object, a lease or a grace period that no host takes.
  std::vector<std::string> violations() const {
    const std::lock_guard lock(mutex_);
    return violations_;
  }

 protected:
  /// Told by its ends, since nothing here reads JSON; a host reads it all.
  virtual bool is_note(std::string_view text) const {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    return first != std::string_view::npos && text[first] == '{' &&
           text[text.find_last_not_of(" \t\r\n")] == '}';
  }

  void log(hub_log_level level, hub_text message) {
    look_through("a log line", view_of(message));
    const std::lock_guard lock(mutex_);
    log_lines_.push_back({static_cast<LogLevel>(level), std::string(view_of(message))});
  }

 private:
  friend class FakeCall;

  void violated(std::string what) {
    const std::lock_guard lock(mutex_);
    violations_.push_back(std::move(what));
  }

  void look_through(std::string_view where, std::string_view text) {
    if (redactor_.redact(text) != text) violated("a secret is in " + std::string(where));
  }

  std::stop_source cancellation() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

  std::optional<Fault> next_fault() {
    if (calls_++ != fault_at_) return std::nullopt;
    return fault_;
  }

  std::atomic<std::int64_t> now_{1'800'000'000'000};
  std::map<std::string, std::string, std::less<>> credentials_;
  std::set<std::string, std::less<>> slot_names_;
  MemorySlotStore slots_{[this] { return now_.load(); }};
  std::optional<std::chrono::milliseconds> timeout_;
  std::atomic<std::size_t> calls_{0};
  std::size_t fault_at_ = std::numeric_limits<std::size_t>::max();
  Fault fault_ = Fault::kUnavailable;
  Redactor redactor_;

  mutable std::mutex mutex_;  // guards what follows
  std::stop_source cancelled_;
  std::vector<LogLine> log_lines_;
  std::vector<std::string> violations_;
};

}  // namespace hub::testing
