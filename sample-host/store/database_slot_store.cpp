#include "store/database_slot_store.hpp"

#include "store/lease_holder.hpp"
#include "store/sealing_key.hpp"
#include "store/slot_rows.hpp"
#include "store/store_tables.hpp"

#include <Poco/UUIDGenerator.h>

#include <algorithm>
#include <limits>
#include <mutex>
#include <string>
#include <utility>

namespace sample_host {
namespace {

using Note = hub::SlotStore::Note;

constexpr std::size_t kMaxNote = 16 * 1024;

/// A holder may end long before its lease does, so that waiting for all of it makes no sense.
constexpr std::int64_t kMaxRetryAfterMs = 60'000;
constexpr std::int64_t kMinRetryAfterMs = 100;

// ---- Errors ----

std::string name_of(std::string_view slot) { return "slot " + std::string(slot); }

hub::Error slot_absent(std::string_view slot) {
  return {.status = hub::Status::kNotFound,
          .reason = "SLOT_ABSENT",
          .message = name_of(slot) + " was never made",
          .hint = "create a token for it first"};
}

hub::Error slot_busy(std::string_view slot, std::int64_t left_ms) {
  return {.status = hub::Status::kUnavailable,
          .retry = hub::Retry::kSameCall,
          .retry_after_ms = std::clamp(left_ms, kMinRetryAfterMs, kMaxRetryAfterMs),
          .reason = "SLOT_BUSY",
          .message = name_of(slot) + " is held by another run, for " + std::to_string(left_ms) +
                     " ms at most if it has died",
          .hint = "wait until that run is done, then try again"};
}

hub::Error lease_lost(std::string_view slot) {
  return {.status = hub::Status::kAborted,
          .retry = hub::Retry::kFromStart,
          .reason = "LEASE_LOST",
          .message = "another run has begun on " + name_of(slot),
          .hint = "start again: it reads what the other run did"};
}

hub::Error version_absent(std::string_view slot, std::uint64_t version) {
  return {.status = hub::Status::kNotFound,
          .reason = "VERSION_ABSENT",
          .message = name_of(slot) + " has no value of version " + std::to_string(version)};
}

hub::Error version_unusable(std::string_view slot, std::uint64_t version, std::string_view why) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = "VERSION_UNUSABLE",
          .message = "version " + std::to_string(version) + " of " + name_of(slot) + " " +
                     std::string(why)};
}

hub::Error no_current(std::string_view slot, std::string reason) {
  return {.status = hub::Status::kFailedPrecondition,
          .reason = std::move(reason),
          .message = name_of(slot) + " has no current value that can be used",
          .hint = "create a token for it first"};
}

hub::Error invalid(std::string reason, std::string message) {
  return {.status = hub::Status::kInvalidArgument,
          .reason = std::move(reason),
          .message = std::move(message)};
}

// ---- Small things ----

std::int64_t later(std::int64_t now, std::chrono::milliseconds duration) {
  const std::int64_t ms = std::max<std::int64_t>(duration.count(), 0);
  return ms > std::numeric_limits<std::int64_t>::max() - now
             ? std::numeric_limits<std::int64_t>::max()
             : now + ms;
}

/// What a value is sealed for: it opens in the place that it was written to and nowhere else.
std::string place_of(const std::string& slot_id, std::uint64_t version) {
  return "hub slot store 1, " + slot_id + ", " + std::to_string(version);
}

}  // namespace

// ---- Transactions ----

struct DatabaseSlotStore::State {
  State(std::unique_ptr<Database> opened, const std::filesystem::path& key_file)
      : database(std::move(opened)), key(open_tables(*database, key_file)) {}

  /// Runs `body` in one transaction, committed when it succeeds. Whatever the database throws means
  /// that nobody can tell.
  template <class T, class Body>
  hub::Result<T> run(Database::Kind kind, Body body) {
    const std::lock_guard lock(mutex);
    try {
      Transaction transaction(*database, kind);
      hub::Result<T> done = body();
      if (done) transaction.commit();
      return done;
    } catch (const Poco::Exception& failure) {
      return database->unavailable(failure);
    }
  }

  /// The slot, which nobody else writes to for as long as the transaction lasts.
  std::optional<Slot> lock(std::string_view name) {
    database->lock(name);
    return rows.load(name);
  }

  /// Runs `body` on the slot while `fence` is its revision; the slot's note is part of the step.
  template <class T = void, class Body>
  hub::Result<T> write(std::string_view name, std::uint64_t fence, Note note, Note slot_note,
                       Body body, Database::Kind kind = Database::Kind::kWrite) {
    for (const Note& each : {note, slot_note}) {
      if (each && each->size() > kMaxNote) {
        return invalid("NOTE_TOO_LARGE", "a note of " + name_of(name) + " has " +
                                             std::to_string(each->size()) +
                                             " bytes, at most 16384 are kept");
      }
    }
    return run<T>(kind, [&]() -> hub::Result<T> {
      const auto slot = lock(name);
      if (!slot) return slot_absent(name);
      if (slot->snapshot.revision != fence) return lease_lost(name);
      hub::Result<T> done = body(*slot);
      if (done && slot_note) rows.set_note(slot->snapshot.id, *slot_note);
      return done;
    });
  }

  hub::Result<hub::Secret> open(std::string_view name, const std::string& slot_id,
                                std::uint64_t version) {
    const auto sealed = rows.sealed(slot_id, version);
    if (!sealed) return version_absent(name, version);
    auto value = key.open(place_of(slot_id, version), *sealed);
    if (!value) {
      return hub::Error{.status = hub::Status::kDataLoss,
                        .reason = "VERSION_UNUSABLE",
                        .message = "the value of version " + std::to_string(version) + " of " +
                                   name_of(name) + " was changed in " + database->name(),
                        .hint = "find out who else writes there; restore it or rotate the token"};
    }
    return *std::move(value);
  }

  void seal(const std::string& slot_id, std::uint64_t version, const hub::Secret& value) {
    rows.set_sealed(slot_id, version, key.seal(place_of(slot_id, version), value));
  }

  std::mutex mutex;
  const std::unique_ptr<Database> database;
  const SealingKey key;
  SlotRows rows{database->session()};
};

DatabaseSlotStore::DatabaseSlotStore(std::unique_ptr<Database> database,
                                     const std::filesystem::path& key_file)
    : state_(std::make_unique<State>(std::move(database), key_file)) {}

DatabaseSlotStore::~DatabaseSlotStore() = default;

// ---- The lease ----

hub::Result<hub::SlotStore::Begun> DatabaseSlotStore::begin(std::string_view slot,
                                                            std::chrono::milliseconds lease) {
  return state_->run<Begun>(Database::Kind::kLease, [&]() -> hub::Result<Begun> {
    SlotRows& rows = state_->rows;
    auto found = state_->lock(slot);
    const std::int64_t now = state_->database->now();
    if (!found) {
      // Nothing was locked, so that another host may make it first: then this waits for that one.
      rows.insert_if_absent(slot, Poco::UUIDGenerator::defaultGenerator().createRandom().toString(),
                            now);
      found = state_->lock(slot);
    }
    if (found->lease.until > now && !is_dead_lease_holder(found->lease.holder)) {
      return slot_busy(slot, found->lease.until - now);
    }
    hub::SlotSnapshot& snapshot = found->snapshot;
    snapshot.now = now;
    ++snapshot.revision;
    rows.set_revision(snapshot.id, snapshot.revision);
    rows.set_lease(snapshot.id, {later(now, lease), this_lease_holder()});
    return Begun{snapshot.revision, std::move(snapshot)};
  });
}

hub::Result<> DatabaseSlotStore::renew(std::string_view slot, std::uint64_t fence,
                                       std::chrono::milliseconds lease) {
  const auto extend = [&](const Slot& held) -> hub::Result<> {
    const std::int64_t until = later(state_->database->now(), lease);
    if (held.lease.until < until) {
      state_->rows.set_lease(held.snapshot.id, {until, this_lease_holder()});
    }
    return {};
  };
  return state_->write(slot, fence, {}, {}, extend, Database::Kind::kLease);
}

hub::Result<> DatabaseSlotStore::end(std::string_view slot, std::uint64_t fence) {
  const auto release = [&](const Slot& held) -> hub::Result<> {
    state_->rows.set_lease(held.snapshot.id, {});
    return {};
  };
  return state_->write(slot, fence, {}, {}, release, Database::Kind::kLease);
}

// ---- Reading ----

hub::Result<hub::SlotSnapshot> DatabaseSlotStore::look(std::string_view slot) {
  return state_->run<hub::SlotSnapshot>(Database::Kind::kRead,
                                        [&]() -> hub::Result<hub::SlotSnapshot> {
                                          auto found = state_->rows.load(slot);
                                          if (!found) return slot_absent(slot);
                                          found->snapshot.now = state_->database->now();
                                          return std::move(found->snapshot);
                                        });
}

hub::Result<hub::Secret> DatabaseSlotStore::read(std::string_view slot, std::uint64_t fence,
                                                 std::uint64_t version) {
  return state_->run<hub::Secret>(Database::Kind::kRead, [&]() -> hub::Result<hub::Secret> {
    const auto found = state_->rows.load(slot);
    if (!found) return slot_absent(slot);
    if (found->snapshot.revision != fence) return lease_lost(slot);
    return state_->open(slot, found->snapshot.id, version);
  });
}

hub::Result<hub::Secret> DatabaseSlotStore::current(std::string_view slot) {
  return state_->run<hub::Secret>(Database::Kind::kRead, [&]() -> hub::Result<hub::Secret> {
    const auto found = state_->rows.load(slot);
    if (!found) return no_current(slot, "SLOT_ABSENT");
    const auto& current = found->snapshot.current;
    if (!current) return no_current(slot, "VERSION_ABSENT");
    if (found->current_is_marked) return no_current(slot, "VERSION_UNUSABLE");
    return state_->open(slot, found->snapshot.id, current->id);
  });
}

// ---- Writing ----

hub::Result<std::uint64_t> DatabaseSlotStore::stage(std::string_view slot, std::uint64_t fence,
                                                    const hub::Secret* value_or_null, Note note,
                                                    Note slot_note) {
  if (value_or_null != nullptr && value_or_null->empty()) {
    return invalid("VERSION_UNUSABLE", "the value for " + name_of(slot) + " is empty");
  }
  return state_->write<std::uint64_t>(
      slot, fence, note, slot_note, [&](const Slot& held) -> hub::Result<std::uint64_t> {
        SlotRows& rows = state_->rows;
        const std::string& id = held.snapshot.id;
        const auto& pending = held.snapshot.pending;
        const std::uint64_t version = pending ? pending->id : held.last_version + 1;
        if (!pending) rows.insert_version(id, version);
        if (pending && pending->discard) {
          return version_unusable(slot, version, "is pending and being discarded: drop it first");
        }
        if (pending && pending->has_value) {
          const auto present = state_->open(slot, id, version);
          if (!present) return present.error();
          if (value_or_null == nullptr || value_or_null->reveal() != present->reveal()) {
            return version_unusable(slot, version, "is pending and has its value already");
          }
        } else if (value_or_null != nullptr) {
          state_->seal(id, version, *value_or_null);
        }
        if (note) rows.set_version_note(id, version, *note);
        return version;
      });
}

hub::Result<> DatabaseSlotStore::mark(std::string_view slot, std::uint64_t fence,
                                      std::uint64_t version, hub_mark mark, Note slot_note) {
  return state_->write(slot, fence, {}, slot_note, [&](const Slot& held) -> hub::Result<> {
    const hub::SlotSnapshot& seen = held.snapshot;
    const bool is_pending = seen.pending && seen.pending->id == version;
    const bool is_current = seen.current && seen.current->id == version;
    const bool is_previous =
        std::ranges::count(seen.previous, version, &hub::SlotSnapshot::Previous::id) != 0;
    if (!is_pending && !is_current && !is_previous) return version_absent(slot, version);
    if (mark == HUB_MARK_DISCARD) {
      if (!is_pending)
        return version_unusable(slot, version, "is not pending: it is not discarded");
    } else if (mark == HUB_MARK_RETIRING) {
      if (!is_previous && !(is_current && seen.state == HUB_SLOT_REVOKING)) {
        return version_unusable(
            slot, version, "is neither a previous one nor that of a slot that is being revoked");
      }
    } else {
      return invalid("VERSION_UNUSABLE", "there is no mark " + std::to_string(mark));
    }
    state_->rows.set_mark(seen.id, version);
    return {};
  });
}

hub::Result<> DatabaseSlotStore::set_state(std::string_view slot, std::uint64_t fence,
                                           hub_slot_state state, Note slot_note) {
  return state_->write(slot, fence, {}, slot_note, [&](const Slot& held) -> hub::Result<> {
    if (state != HUB_SLOT_ACTIVE && state != HUB_SLOT_REVOKING && state != HUB_SLOT_REVOKED) {
      return invalid("VERSION_UNUSABLE", "a slot has no state " + std::to_string(state));
    }
    state_->rows.set_state(held.snapshot.id, state);
    return {};
  });
}

hub::Result<> DatabaseSlotStore::commit(std::string_view slot, std::uint64_t fence,
                                        std::uint64_t version, std::chrono::milliseconds grace,
                                        Note note, Note slot_note) {
  return state_->write(slot, fence, note, slot_note, [&](const Slot& held) -> hub::Result<> {
    SlotRows& rows = state_->rows;
    const hub::SlotSnapshot& seen = held.snapshot;
    const bool is_current = seen.current && seen.current->id == version;
    const bool is_pending = seen.pending && seen.pending->id == version;
    const auto previous =
        std::ranges::find(seen.previous, version, &hub::SlotSnapshot::Previous::id);
    const bool is_previous = previous != seen.previous.end();
    if (!is_current && !is_pending && !is_previous) return version_absent(slot, version);

    if (is_current   ? held.current_is_marked
        : is_pending ? seen.pending->discard
                     : previous->retiring) {
      return version_unusable(slot, version, "is marked: it is being deleted");
    }
    if (is_pending && !seen.pending->has_value) {
      return version_unusable(slot, version, "has no value yet");
    }
    if (is_previous && previous != seen.previous.begin()) {
      return version_unusable(slot, version, "is not the newest of the previous ones");
    }
    if (!is_current) {
      if (seen.current) {
        rows.make_previous(seen.id, seen.current->id, later(state_->database->now(), grace));
      }
      rows.make_current(seen.id, version);
    }
    if (note) rows.set_version_note(seen.id, version, *note);
    return {};
  });
}

hub::Result<> DatabaseSlotStore::drop(std::string_view slot, std::uint64_t fence,
                                      std::uint64_t version, Note slot_note) {
  return state_->write(slot, fence, {}, slot_note, [&](const Slot& held) -> hub::Result<> {
    const hub::SlotSnapshot& seen = held.snapshot;
    if (version == 0 || version > held.last_version) return version_absent(slot, version);
    if (seen.current && seen.current->id == version && seen.state != HUB_SLOT_REVOKING) {
      return version_unusable(slot, version, "is current, and the slot is not being revoked");
    }
    state_->rows.remove_version(seen.id, version);
    return {};
  });
}

hub::Result<> DatabaseSlotStore::note(std::string_view slot, std::uint64_t fence,
                                      std::string_view slot_note) {
  return state_->write(slot, fence, {}, slot_note, [](const Slot&) -> hub::Result<> { return {}; });
}

}  // namespace sample_host
