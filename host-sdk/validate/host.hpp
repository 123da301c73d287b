// The host that drives the connector: the fake one, with tables and texts in memory that shows when
// it is misused, and a real clock.
#pragma once

#include <hub/testing/fake_call.hpp>
#include <hub/testing/fake_world.hpp>

#include <chrono>
#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "memory.hpp"

namespace hub::validate {

/// How what is lent to the connector lies in memory.
struct Lending {
  std::size_t beyond = 0;      // bytes of nonsense that the tables have beyond this revision
  bool first_release = false;  // the tables end as the first release's do; nothing is mapped behind
  bool texts_at_end = false;   // nothing is mapped behind the texts, and they are read-only
  bool take_back = false;      // what was lent for a call is unmapped when the call returns
};

class Call;

class Host : public hub::testing::FakeWorld {
 public:
  /// Its store has the time `now`, for good.
  Host(const Lending& lending, std::chrono::milliseconds now);

  const hub_host* table() const { return static_cast<const hub_host*>(table_.data()); }
  const Lending& lending() const { return lending_; }

  /// Makes a call that the connector may keep for as long as this object lives. Thread-safe.
  Call& new_call(std::chrono::milliseconds timeout);

  /// Ends all calls, which looks for what was left behind in them.
  void end_calls() { calls_.clear(); }

  /// The names of secrets that were asked for, and how often one was.
  std::multiset<std::string> asked_for() const {
    const std::lock_guard lock(mutex_);
    return asked_for_;
  }
  void asked_for(std::string_view name) {
    const std::lock_guard lock(mutex_);
    asked_for_.emplace(name);
  }

  /// What was seen beside violations(): sizes of structs.
  void found_flaw(std::string what) {
    const std::lock_guard lock(mutex_);
    flaws_.insert(std::move(what));
  }
  std::set<std::string> flaws() const {
    const std::lock_guard lock(mutex_);
    return flaws_;
  }

  /// After stop.
  void take_table_back() const { table_.take_back(); }

 private:
  bool is_note(std::string_view text) const override;
  hub_host make_table();

  const Lending lending_;
  LentMemory table_;
  mutable std::mutex mutex_;  // guards what follows
  std::vector<std::unique_ptr<Call>> calls_;
  std::multiset<std::string> asked_for_;
  std::set<std::string> flaws_;
};

/// One call of the Host.
class Call : public hub::testing::FakeCall {
 public:
  Call(Host& host, std::chrono::milliseconds timeout);

  const hub_call* raw() const { return static_cast<const hub_call*>(table_.data()); }

  /// A text or a sink for this call.
  hub_text lend(std::string_view text);
  hub_sink lend(hub_sink sink);

  /// The call has returned.
  void returned() const;

  /// "with retry 7": what its last error had that no enumerator of connector.h is; may be empty.
  const std::string& odd_number() const { return odd_number_; }

 private:
  static Call& of(const hub_call* call) {
    return *static_cast<Call*>(static_cast<FakeCall*>(call->context));
  }
  hub_call make_table();

  Host& host_;
  std::chrono::steady_clock::time_point deadline_;
  std::string odd_number_;
  std::vector<LentMemory> lent_;
  LentMemory table_;
};

}  // namespace hub::validate
