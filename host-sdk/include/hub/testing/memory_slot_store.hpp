// A SlotStore in memory, for tests: exact semantics, a clock of the test's, two hosts on one state,
// faults, crashes and restored backups. Header-only, standard library only.
#pragma once

#include <hub/slot_store.hpp>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hub::testing {

class MemorySlotStore : public SlotStore {
  struct Version {
    std::uint64_t id = 0;
    std::string note{};
    std::optional<std::string> value{};
    bool marked = false;  // discard or retiring
    std::optional<std::int64_t> retire_after{};
  };
  struct Slot {
    std::string id{};
    std::int64_t created_at = 0;
    std::uint64_t revision = 0;
    std::string holder{};  // empty: no lease
    std::int64_t lease_until = 0;
    hub_slot_state state = HUB_SLOT_ACTIVE;
    std::string note{};
    std::optional<Version> current{};
    std::optional<Version> pending{};
    std::vector<Version> previous{};
    std::uint64_t last_version = 0;
  };
  using Slots = std::map<std::string, Slot, std::less<>>;

 public:
  using Clock = std::function<std::int64_t()>;  // milliseconds since 1970

  /// What happens to a call: nothing, or UNAVAILABLE before or after it took effect.
  enum class Fault { kNone, kBefore, kAfter };
  using Faults = std::function<Fault(std::string_view function)>;  // "begin", "stage", ..

  /// `holder` stands for the process that takes leases.
  explicit MemorySlotStore(Clock clock, std::string holder = "host-1")
      : clock_(std::move(clock)), holder_(std::move(holder)), shared_(std::make_shared<Shared>()) {}

  /// Another host's view of the same slots, without this one's faults.
  MemorySlotStore as_holder(std::string holder) const {
    MemorySlotStore other(clock_, std::move(holder));
    other.shared_ = shared_;
    return other;
  }

  /// The holder was killed: its leases are free at once.
  void die() {
    const std::lock_guard lock(shared_->mutex);
    for (auto& [name, slot] : shared_->slots)
      if (slot.holder == holder_) slot.holder.clear();
  }

  /// Asked under the store's lock at each call of this holder; not while others call.
  void set_faults(Faults faults) { faults_ = std::move(faults); }

  using Backup = Slots;
  Backup backup() const {
    const std::lock_guard lock(shared_->mutex);
    return shared_->slots;
  }
  void restore(Backup backup) {
    const std::lock_guard lock(shared_->mutex);
    shared_->slots = std::move(backup);
  }

  Result<Begun> begin(std::string_view slot, std::chrono::milliseconds lease) override {
    return run<Begun>("begin", [&]() -> Result<Begun> {
      const std::int64_t now = clock_();
      auto at = shared_->slots.find(slot);
      if (at == shared_->slots.end()) {
        char id[37];
        std::snprintf(id, sizeof id, "00000000-0000-4000-8000-%012llx",
                      static_cast<unsigned long long>(++shared_->made));
        at = shared_->slots.emplace(slot, Slot{.id = id, .created_at = now}).first;
      }
      Slot& taken = at->second;
      if (!taken.holder.empty() && taken.holder != holder_ && taken.lease_until > now) {
        return Error{.status = Status::kUnavailable,
                     .retry = Retry::kSameCall,
                     .retry_after_ms = taken.lease_until - now,
                     .reason = "SLOT_BUSY",
                     .message = "slot " + at->first + " is held by " + taken.holder,
                     .hint = "wait until it is done"};
      }
      taken.holder = holder_;
      taken.lease_until = later(lease);
      ++taken.revision;
      return Begun{.fence = taken.revision, .snapshot = snapshot_of(taken)};
    });
  }

  Result<SlotSnapshot> look(std::string_view slot) override {
    return run<SlotSnapshot>("look", [&]() -> Result<SlotSnapshot> {
      const auto at = shared_->slots.find(slot);
      if (at == shared_->slots.end()) return absent(slot);
      return snapshot_of(at->second);
    });
  }

  Result<> renew(std::string_view slot, std::uint64_t fence,
                 std::chrono::milliseconds lease) override {
    return write("renew", slot, fence, {}, {}, [&](Slot& held) -> Result<> {
      held.lease_until = std::max(held.lease_until, later(lease));
      held.holder = holder_;
      return {};
    });
  }

  Result<Secret> read(std::string_view slot, std::uint64_t fence, std::uint64_t version) override {
    Secret value;
    auto found = write("read", slot, fence, {}, {}, [&](Slot& held) -> Result<> {
      const Version* wanted = find(held, version);
      if (wanted == nullptr || !wanted->value) return version_absent(slot, version);
      value = Secret(*wanted->value);
      return {};
    });
    if (!found) return std::move(found).error();
    return value;
  }

  Result<Secret> current(std::string_view slot) override {
    return run<Secret>("current", [&]() -> Result<Secret> {
      const auto at = shared_->slots.find(slot);
      const bool made = at != shared_->slots.end();
      if (!made || !at->second.current || at->second.current->marked) {
        return Error{.status = Status::kFailedPrecondition,
                     .reason = !made                 ? "SLOT_ABSENT"
                               : !at->second.current ? "VERSION_ABSENT"
                                                     : "VERSION_UNUSABLE",
                     .message = "slot " + std::string(slot) + " has no current version",
                     .hint = "create one first"};
      }
      return Secret(*at->second.current->value);
    });
  }

  Result<std::uint64_t> stage(std::string_view slot, std::uint64_t fence,
                              const Secret* value_or_null, Note note, Note slot_note) override {
    std::uint64_t version = 0;
    auto staged = write("stage", slot, fence, note, slot_note, [&](Slot& held) -> Result<> {
      std::optional<std::string> value;
      if (value_or_null != nullptr) value = std::string(value_or_null->reveal());
      if (value && value->empty()) {
        return invalid("the value for slot " + std::string(slot) + " is empty");
      }
      if (!held.pending) held.pending = Version{.id = ++held.last_version};
      Version& pending = *held.pending;
      if (pending.marked || (pending.value && pending.value != value)) {
        return unusable(slot, pending.id, "is pending and discarded or has another value");
      }
      if (value) pending.value = std::move(value);
      if (note) pending.note = *note;
      version = pending.id;
      return {};
    });
    if (!staged) return std::move(staged).error();
    return version;
  }

  Result<> mark(std::string_view slot, std::uint64_t fence, std::uint64_t version, hub_mark mark,
                Note slot_note) override {
    return write("mark", slot, fence, {}, slot_note, [&](Slot& held) -> Result<> {
      Version* wanted = find(held, version);
      if (wanted == nullptr) return version_absent(slot, version);
      const bool pending = held.pending && wanted == &*held.pending;
      const bool current = held.current && wanted == &*held.current;
      if (mark != HUB_MARK_DISCARD && mark != HUB_MARK_RETIRING)
        return invalid("there is no mark " + std::to_string(mark));
      const bool legal = mark == HUB_MARK_DISCARD
                             ? pending
                             : !pending && (!current || held.state == HUB_SLOT_REVOKING);
      if (!legal) return unusable(slot, version, "cannot be marked so in its present role");
      wanted->marked = true;
      return {};
    });
  }

  Result<> set_state(std::string_view slot, std::uint64_t fence, hub_slot_state state,
                     Note slot_note) override {
    return write("set_state", slot, fence, {}, slot_note, [&](Slot& held) -> Result<> {
      if (state != HUB_SLOT_ACTIVE && state != HUB_SLOT_REVOKING && state != HUB_SLOT_REVOKED) {
        return invalid("a slot has no state " + std::to_string(state));
      }
      held.state = state;
      return {};
    });
  }

  Result<> commit(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                  std::chrono::milliseconds grace, Note note, Note slot_note) override {
    return write("commit", slot, fence, note, slot_note, [&](Slot& held) -> Result<> {
      const Version* wanted = find(held, version);
      if (wanted == nullptr) return version_absent(slot, version);
      if (!wanted->value || wanted->marked)
        return unusable(slot, version, "has no value or is marked");
      if (!held.current || wanted != &*held.current) {
        std::optional<Version> next;
        if (held.pending && wanted == &*held.pending) {
          next = std::exchange(held.pending, std::nullopt);
        } else if (wanted == &held.previous.front()) {
          next = std::move(held.previous.front());
          held.previous.erase(held.previous.begin());
        } else {
          return unusable(slot, version, "is neither pending nor the newest previous one");
        }
        next->retire_after.reset();
        if (held.current) {
          held.current->retire_after = later(grace);
          held.previous.insert(held.previous.begin(), *std::move(held.current));
        }
        held.current = std::move(next);
      }
      if (note) held.current->note = *note;
      return {};
    });
  }

  Result<> drop(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                Note slot_note) override {
    return write("drop", slot, fence, {}, slot_note, [&](Slot& held) -> Result<> {
      if (version == 0 || version > held.last_version) return version_absent(slot, version);
      if (held.current && held.current->id == version) {
        if (held.state != HUB_SLOT_REVOKING)
          return unusable(slot, version, "is current and the slot is not being revoked");
        held.current.reset();
      }
      if (held.pending && held.pending->id == version) held.pending.reset();
      std::erase_if(held.previous, [&](const Version& each) { return each.id == version; });
      return {};
    });
  }

  Result<> note(std::string_view slot, std::uint64_t fence, std::string_view slot_note) override {
    return write("note", slot, fence, {}, slot_note, [](Slot&) -> Result<> { return {}; });
  }

  Result<> end(std::string_view slot, std::uint64_t fence) override {
    return write("end", slot, fence, {}, {}, [](Slot& held) -> Result<> {
      held.holder.clear();
      return {};
    });
  }

 private:
  struct Shared {
    mutable std::mutex mutex;
    Slots slots;
    std::uint64_t made = 0;
  };

  template <class T, class Body>
  Result<T> run(std::string_view function, Body body) {
    const std::lock_guard lock(shared_->mutex);
    const Error unavailable{.status = Status::kUnavailable,
                            .retry = Retry::kSameCall,
                            .reason = "STORE_UNAVAILABLE",
                            .message = "the store cannot tell",
                            .hint = "try again"};
    const Fault fault = faults_ ? faults_(function) : Fault::kNone;
    if (fault == Fault::kBefore) return unavailable;
    Result<T> done = body();
    if (fault == Fault::kAfter) return unavailable;
    return done;
  }

  /// What all under a fence share. `body` changes nothing when it refuses.
  template <class Body>
  Result<> write(std::string_view function, std::string_view slot, std::uint64_t fence, Note note,
                 Note slot_note, Body body) {
    return run<void>(function, [&]() -> Result<> {
      for (const Note& each : {note, slot_note}) {
        if (each && each->size() > 16 * 1024) {
          return Error{.status = Status::kInvalidArgument,
                       .reason = "NOTE_TOO_LARGE",
                       .message = "a note of slot " + std::string(slot) + " is over 16 KiB"};
        }
      }
      const auto at = shared_->slots.find(slot);
      if (at == shared_->slots.end()) return absent(slot);
      if (at->second.revision != fence) {
        return Error{.status = Status::kAborted,
                     .retry = Retry::kFromStart,
                     .reason = "LEASE_LOST",
                     .message = "somebody else began on slot " + std::string(slot),
                     .hint = "start again"};
      }
      if (auto done = body(at->second); !done) return done;
      if (slot_note) at->second.note = *slot_note;
      return {};
    });
  }

  std::int64_t later(std::chrono::milliseconds duration) const {
    const std::int64_t now = clock_();
    const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
    return ms > std::numeric_limits<std::int64_t>::max() - now
               ? std::numeric_limits<std::int64_t>::max()
               : now + ms;
  }

  static Version* find(Slot& slot, std::uint64_t version) {
    if (slot.pending && slot.pending->id == version) return &*slot.pending;
    if (slot.current && slot.current->id == version) return &*slot.current;
    const auto at = std::ranges::find(slot.previous, version, &Version::id);
    return at == slot.previous.end() ? nullptr : &*at;
  }

  static Error absent(std::string_view slot) {
    return {.status = Status::kNotFound,
            .reason = "SLOT_ABSENT",
            .message = "slot " + std::string(slot) + " was never made"};
  }
  static Error version_absent(std::string_view slot, std::uint64_t version) {
    return {.status = Status::kNotFound,
            .reason = "VERSION_ABSENT",
            .message = "slot " + std::string(slot) + " has no value for version " +
                       std::to_string(version)};
  }
  static Error invalid(std::string message) {
    return {.status = Status::kInvalidArgument,
            .reason = "VERSION_UNUSABLE",
            .message = std::move(message)};
  }
  static Error unusable(std::string_view slot, std::uint64_t version, std::string_view why) {
    return {.status = Status::kFailedPrecondition,
            .reason = "VERSION_UNUSABLE",
            .message = "version " + std::to_string(version) + " of slot " + std::string(slot) +
                       " " + std::string(why)};
  }

  SlotSnapshot snapshot_of(const Slot& slot) const {
    SlotSnapshot seen{.id = slot.id,
                      .created_at = slot.created_at,
                      .revision = slot.revision,
                      .now = clock_(),
                      .state = slot.state,
                      .note = slot.note,
                      .current = {},
                      .pending = {},
                      .previous = {}};
    if (slot.current) seen.current = SlotSnapshot::Version{slot.current->id, slot.current->note};
    if (slot.pending) {
      seen.pending = SlotSnapshot::Pending{{slot.pending->id, slot.pending->note},
                                           slot.pending->value.has_value(),
                                           slot.pending->marked};
    }
    for (const Version& each : slot.previous)
      seen.previous.push_back({{each.id, each.note}, each.retire_after, each.marked});
    return seen;
  }

  Clock clock_;
  std::string holder_;
  Faults faults_;
  std::shared_ptr<Shared> shared_;
};

}  // namespace hub::testing
