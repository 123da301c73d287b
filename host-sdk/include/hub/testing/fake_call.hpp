// A hub_call in a FakeWorld.
#pragma once

#include <hub/connector.hpp>
#include <hub/snapshot.hpp>
#include <hub/testing/fake_world.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hub::testing {

/// One call in a FakeWorld, for as long as it lives: for tests of a connector's parts, which take a
/// hub::Call. Lives on the thread that uses it.
class FakeCall {
 public:
  explicit FakeCall(FakeWorld& world);
  FakeCall(const FakeCall&) = delete;
  FakeCall& operator=(const FakeCall&) = delete;
  /// Looks for what was left behind.
  ~FakeCall() {
    if (!registered_.empty()) world_.violated("a callback was left registered with on_cancel");
    for (const std::string& slot : begun_) world_.violated("slot " + slot + " was left begun");
  }

  Call call() const { return Call(&table_); }

  /// Why the connector returned `status`, as its host is told. Looks through what it answered.
  Result<> outcome(hub_status status, std::string_view response = {}) {
    world_.look_through("a response", response);
    if (status == HUB_OK) return {};
    if (failure_ && failure_->status == status_of(status)) return *failure_;
    if (const Error* const said = said_by_host(status_of(status), {})) return *said;
    world_.violated("the status " + std::string(to_text(status_of(status))) +
                    " was returned without fail()");
    return Error{.status = status_of(status), .effect = Effect::kUnknown, .reason = "UNEXPLAINED"};
  }

 private:
  using OnStop = std::stop_callback<std::function<void()>>;
  static constexpr auto kForever = std::numeric_limits<std::int64_t>::max();
  static constexpr std::size_t kMaxNote = 16 * 1024;
  static constexpr const char* kNoLease = "a lease is shorter than a millisecond";

  static FakeCall& of(const hub_call* call) { return *static_cast<FakeCall*>(call->context); }

  static SlotStore::Note note_of(hub_text text) {
    if (text.data == nullptr) return std::nullopt;
    return view_of(text);
  }

  hub_status record(Error error) {
    host_said_.push_back(error);
    failure_ = std::move(error);
    return static_cast<hub_status>(failure_->status);
  }

  /// The last that has this status and, if one is given, this reason; or none.
  const Error* said_by_host(Status status, const std::string& reason) const {
    const auto said = std::find_if(host_said_.rbegin(), host_said_.rend(), [&](const Error& each) {
      return each.status == status && (reason.empty() || reason == each.reason);
    });
    return said == host_said_.rend() ? nullptr : &*said;
  }

  /// What the connector said, with what the host's own function said where that is empty.
  void fail(const hub_error& from) {
    Error told{.status = status_of(from.status),
               .retry = retry_of(from.retry),
               .effect = effect_of(from.effect),
               .http_status = from.http_status,
               .retry_after_ms = from.retry_after_ms,
               .reason = std::string(view_of(from.reason)),
               .message = std::string(view_of(from.message)),
               .hint = std::string(view_of(from.hint)),
               .detail_json = std::string(view_of(from.detail_json))};
    const Error* const said = said_by_host(told.status, told.reason);
    for (std::string Error::*text :
         {&Error::reason, &Error::message, &Error::hint, &Error::detail_json}) {
      world_.look_through("an error", told.*text);
      if (said != nullptr && (told.*text).empty()) told.*text = said->*text;
    }
    if (said != nullptr && told.retry_after_ms == 0) told.retry_after_ms = said->retry_after_ms;
    failure_ = std::move(told);
  }

  /// Runs `ask`, a function of the store, then `take`, which hands out what it gave, unless a fault
  /// is due.
  template <class Ask, class Take>
  hub_status answer(Ask ask, Take take) noexcept {
    try {
      const Error unavailable{.status = Status::kUnavailable,
                              .retry = Retry::kSameCall,
                              .reason = "STORE_UNAVAILABLE",
                              .message = "the store cannot tell",
                              .hint = "try again"};
      const auto fault = world_.next_fault();
      if (fault == FakeWorld::Fault::kUnavailable) return record(unavailable);
      if (fault == FakeWorld::Fault::kCancel) world_.cancel();
      if (fault == FakeWorld::Fault::kTimeUp) deadline_ = world_.now_.load();
      auto answered = ask();
      if (!answered) return record(std::move(answered).error());
      if (fault == FakeWorld::Fault::kAnswerLost) return record(unavailable);
      return take(answered);
    } catch (...) {
      return HUB_UNAVAILABLE;
    }
  }

  /// The same for a function of a slot, which `ask` gets the store for.
  template <class Ask, class Take>
  hub_status answer_for(hub_text slot, Ask ask, Take take) noexcept {
    return answer(
        [&]() -> decltype(ask(world_.slots_)) {
          if (!world_.slot_names_.contains(view_of(slot))) return refused(slot);
          return ask(world_.slots_);
        },
        take);
  }

  template <class Ask>
  hub_status write(hub_text slot, hub_text note, hub_text slot_note, Ask ask) noexcept {
    world_.look_through("a note", view_of(note));
    world_.look_through("a note", view_of(slot_note));
    const auto ask_with_notes = [&](SlotStore& slots) -> Result<> {
      for (const hub_text each : {note, slot_note}) {
        if (each.data == nullptr) continue;
        if (each.size > kMaxNote) return unacceptable("NOTE_TOO_LARGE", "a note is over 16 KiB");
        if (!world_.is_note(view_of(each)))
          return unacceptable("NOTE_INVALID", "a note is no JSON object");
      }
      return ask(slots);
    };
    return answer_for(slot, ask_with_notes, [](const Result<>&) { return HUB_OK; });
  }

  /// What no host asks its store for.
  Error unacceptable(std::string reason, std::string what) {
    world_.violated(what);
    return {.status = Status::kInvalidArgument,
            .reason = std::move(reason),
            .message = std::move(what),
            .hint = "HUB-C-09 of the contract says what a host takes"};
  }

  static Error refused(hub_text name) {
    return {.status = Status::kPermissionDenied,
            .reason = "SECRET_NOT_GRANTED",
            .message = "the secret \"" + std::string(view_of(name)) + "\" is not granted",
            .hint = "grant it in the test, by grant() or grant_slot()"};
  }

  hub_status send(hub_sink sink, std::string_view bytes) {
    const hub_status taken = sink.write(sink.context, {bytes.data(), bytes.size()});
    if (taken == HUB_OK) return HUB_OK;
    return record({.status = status_of(taken),
                   .reason = "OUTPUT_REFUSED",
                   .message = "the connector did not take what it asked the host for"});
  }
  hub_status hand_out(hub_sink sink, const Secret& value) {
    world_.redactor_.add(value);
    return send(sink, value.reveal());
  }

  void set_control_functions();
  void set_reading_functions();
  void set_writing_functions();

  FakeWorld& world_;
  hub_call table_{};
  std::int64_t deadline_ = kForever;
  std::stop_source cancelled_;
  std::map<std::uint64_t, std::unique_ptr<OnStop>> registered_;
  std::uint64_t next_id_ = 1;
  std::set<std::string> begun_;
  std::vector<Error> host_said_;
  std::optional<Error> failure_;
};

inline FakeCall::FakeCall(FakeWorld& world) : world_(world), cancelled_(world.cancellation()) {
  table_.struct_size = sizeof table_;
  table_.attempt = 1;
  table_.context = this;
  if (world.timeout_) deadline_ = world.now_ + world.timeout_->count();
  set_control_functions();
  set_reading_functions();
  set_writing_functions();
}

inline void FakeCall::set_control_functions() {
  table_.remaining_ns = [](const hub_call* call) noexcept -> std::int64_t {
    const FakeCall& self = of(call);
    if (self.deadline_ == kForever) return kForever;
    const std::chrono::milliseconds left(
        std::max<std::int64_t>(self.deadline_ - self.world_.now_, 0));
    return std::chrono::nanoseconds(left).count();
  };
  table_.cancelled = [](const hub_call* call) noexcept -> std::int32_t {
    return of(call).cancelled_.stop_requested() ? 1 : 0;
  };
  table_.on_cancel = [](const hub_call* call, void (*callback)(void*) noexcept,
                        void* argument) noexcept -> std::uint64_t {
    FakeCall& self = of(call);
    self.registered_.emplace(self.next_id_, std::make_unique<OnStop>(self.cancelled_.get_token(),
                                                                     [=] { callback(argument); }));
    return self.next_id_++;
  };
  table_.off_cancel = [](const hub_call* call, std::uint64_t id) noexcept {
    of(call).registered_.erase(id);  // ~stop_callback waits for one that runs
  };
  table_.log = [](const hub_call* call, hub_log_level level, hub_text message) noexcept {
    of(call).world_.log(level, message);
  };
  table_.fail = [](const hub_call* call, const hub_error* error) noexcept {
    of(call).fail(*error);
  };
}

inline void FakeCall::set_reading_functions() {
  table_.secret_get = [](const hub_call* call, hub_text name, hub_sink value) noexcept {
    FakeCall& self = of(call);
    const auto take = [&](const Result<Secret>& read) { return self.hand_out(value, *read); };
    const auto credential = self.world_.credentials_.find(view_of(name));
    if (credential != self.world_.credentials_.end())
      return self.answer([&] { return Result<Secret>(Secret(credential->second)); }, take);
    return self.answer_for(
        name, [&](SlotStore& slots) { return slots.current(view_of(name)); }, take);
  };
  table_.secret_begin = [](const hub_call* call, hub_text name, std::int64_t lease_ms,
                           std::uint64_t* fence, hub_sink snapshot) noexcept {
    FakeCall& self = of(call);
    return self.answer_for(
        name,
        [&](SlotStore& slots) -> Result<SlotStore::Begun> {
          if (lease_ms < 1) return self.unacceptable("ARGUMENT_INVALID", kNoLease);
          return slots.begin(view_of(name), std::chrono::milliseconds(lease_ms));
        },
        [&](const Result<SlotStore::Begun>& begun) {
          *fence = begun->fence;
          const hub_status taken = self.send(snapshot, to_json(begun->snapshot));
          if (taken == HUB_OK) {
            self.begun_.emplace(view_of(name));
          } else {
            static_cast<void>(self.world_.slots_.end(view_of(name), begun->fence));
          }
          return taken;
        });
  };
  table_.secret_look = [](const hub_call* call, hub_text name, hub_sink snapshot) noexcept {
    FakeCall& self = of(call);
    return self.answer_for(
        name, [&](SlotStore& slots) { return slots.look(view_of(name)); },
        [&](const Result<SlotSnapshot>& seen) { return self.send(snapshot, to_json(*seen)); });
  };
  table_.secret_read = [](const hub_call* call, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_sink value) noexcept {
    FakeCall& self = of(call);
    return self.answer_for(
        name, [&](SlotStore& slots) { return slots.read(view_of(name), fence, version); },
        [&](const Result<Secret>& read) { return self.hand_out(value, *read); });
  };
}

inline void FakeCall::set_writing_functions() {
  table_.secret_renew = [](const hub_call* call, hub_text name, std::uint64_t fence,
                           std::int64_t lease_ms) noexcept {
    FakeCall& self = of(call);
    return self.write(name, {}, {}, [&](SlotStore& slots) -> Result<> {
      if (lease_ms < 1) return self.unacceptable("ARGUMENT_INVALID", kNoLease);
      return slots.renew(view_of(name), fence, std::chrono::milliseconds(lease_ms));
    });
  };
  table_.secret_stage = [](const hub_call* call, hub_text name, std::uint64_t fence,
                           hub_bytes value, hub_text note, hub_text slot_note,
                           std::uint64_t* version) noexcept {
    FakeCall& self = of(call);
    std::optional<Secret> secret;
    if (value.data != nullptr) {
      secret.emplace(std::string_view(static_cast<const char*>(value.data), value.size));
      self.world_.redactor_.add(*secret);
    }
    return self.write(name, note, slot_note, [&](SlotStore& slots) -> Result<> {
      auto staged = slots.stage(view_of(name), fence, secret ? &*secret : nullptr, note_of(note),
                                note_of(slot_note));
      if (!staged) return std::move(staged).error();
      *version = *staged;
      return {};
    });
  };
  table_.secret_mark = [](const hub_call* call, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_mark mark, hub_text slot_note) noexcept {
    return of(call).write(name, {}, slot_note, [&](SlotStore& slots) {
      return slots.mark(view_of(name), fence, version, mark, note_of(slot_note));
    });
  };
  table_.secret_state = [](const hub_call* call, hub_text name, std::uint64_t fence,
                           hub_slot_state state, hub_text slot_note) noexcept {
    return of(call).write(name, {}, slot_note, [&](SlotStore& slots) {
      return slots.set_state(view_of(name), fence, state, note_of(slot_note));
    });
  };
  table_.secret_commit = [](const hub_call* call, hub_text name, std::uint64_t fence,
                            std::uint64_t version, std::int64_t grace_ms, hub_text note,
                            hub_text slot_note) noexcept {
    FakeCall& self = of(call);
    return self.write(name, note, slot_note, [&](SlotStore& slots) -> Result<> {
      if (grace_ms < 0) return self.unacceptable("ARGUMENT_INVALID", "a grace period is negative");
      return slots.commit(view_of(name), fence, version, std::chrono::milliseconds(grace_ms),
                          note_of(note), note_of(slot_note));
    });
  };
  table_.secret_drop = [](const hub_call* call, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_text slot_note) noexcept {
    return of(call).write(name, {}, slot_note, [&](SlotStore& slots) {
      return slots.drop(view_of(name), fence, version, note_of(slot_note));
    });
  };
  table_.secret_note = [](const hub_call* call, hub_text name, std::uint64_t fence,
                          hub_text slot_note) noexcept {
    FakeCall& self = of(call);
    return self.write(name, {}, slot_note, [&](SlotStore& slots) -> Result<> {
      if (slot_note.data == nullptr)
        return self.unacceptable("ARGUMENT_INVALID", "a note that was to be replaced is absent");
      return slots.note(view_of(name), fence, view_of(slot_note));
    });
  };
  table_.secret_end = [](const hub_call* call, hub_text name, std::uint64_t fence) noexcept {
    of(call).begun_.erase(std::string(view_of(name)));
    return of(call).write(name, {}, {},
                          [&](SlotStore& slots) { return slots.end(view_of(name), fence); });
  };
}

}  // namespace hub::testing
