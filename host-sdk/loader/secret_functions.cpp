#include "secret_functions.hpp"

#include <hub/snapshot.hpp>
#include <hub/strict_json.hpp>

#include <exception>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "call.hpp"

namespace hub {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxNote = 16 * 1024;

/// Runs `body`, which gives back a Result<>, and records what it returns or throws.
template <class Body>
hub_status guarded(const hub_call* raw, Body body) noexcept {
  try {
    HostCall& call = HostCall::of(raw);
    try {
      Result<> done = body(call);
      return done.ok() ? HUB_OK : call.record(std::move(done).error());
    } catch (const std::exception& thrown) {
      return call.record({.status = Status::kUnavailable,
                          .retry = Retry::kSameCall,
                          .reason = "STORE_UNAVAILABLE",
                          .message = std::string("the host's store cannot tell: ") + thrown.what(),
                          .hint = "mend the host's store, then try again"});
    }
  } catch (...) {
    return HUB_UNAVAILABLE;
  }
}

Error invalid(std::string reason, std::string message) {
  return {.status = Status::kInvalidArgument,
          .reason = std::move(reason),
          .message = std::move(message),
          .hint = "the connector is defective: tell its author"};
}

/// The name of the slot that is granted as `name`.
Result<std::string> slot_of(const HostCall& call, hub_text name) {
  const auto grant = call.grant(view_of(name));
  if (!grant) return grant.error();
  if (!(*grant)->slot.empty()) return (*grant)->slot;
  return Error{.status = Status::kPermissionDenied,
               .reason = "SECRET_NOT_GRANTED",
               .message = "the secret \"" + std::string(view_of(name)) +
                          "\" is a credential, which does not rotate",
               .hint = "the connector is defective: tell its author"};
}

template <class Body>
hub_status with_slot(const hub_call* raw, hub_text name, Body body) noexcept {
  return guarded(raw, [&](HostCall& call) -> Result<> {
    const auto slot = slot_of(call, name);
    if (!slot) return slot.error();
    return body(call, call.services().slots(), *slot);
  });
}

/// Nothing for one that is absent.
Result<SlotStore::Note> note_of(hub_text text) {
  if (text.data == nullptr) return SlotStore::Note();
  if (text.size > kMaxNote)
    return invalid("NOTE_TOO_LARGE", "a note has " + std::to_string(text.size) +
                                         " bytes, more than " + std::to_string(kMaxNote));
  try {
    if (check_strict_json(view_of(text), "note")) return SlotStore::Note(view_of(text));
  } catch (const Refused&) {
    // It is as wrong as one that is no object.
  }
  return invalid("NOTE_INVALID", "a note is no JSON object");
}

template <class Body>
hub_status with_note(const hub_call* raw, hub_text name, hub_text slot_note, Body body) noexcept {
  return with_slot(raw, name,
                   [&](HostCall&, SlotStore& slots, const std::string& slot) -> Result<> {
                     const auto note = note_of(slot_note);
                     if (!note) return note.error();
                     return body(slots, slot, *note);
                   });
}

Result<> write(hub_sink sink, std::string_view bytes) {
  const hub_status taken = sink.write(sink.context, {bytes.data(), bytes.size()});
  if (taken == HUB_OK) return {};
  return Error{.status = status_of(taken),
               .reason = "OUTPUT_REFUSED",
               .message = "the connector did not take what it asked the host for",
               .hint = "the connector is defective: tell its author"};
}

/// From here on it is masked in all that leaves the process.
Result<> hand_out(const HostCall& call, const Result<Secret>& value, hub_sink sink) {
  if (!value) return value.error();
  call.services().redactor().add(*value);
  return write(sink, value->reveal());
}

std::optional<Error> refused_duration(std::string_view what, int64_t ms, int64_t least) {
  if (ms >= least) return std::nullopt;
  return invalid("ARGUMENT_INVALID", std::string(what) + " must be at least " +
                                         std::to_string(least) + ", not " + std::to_string(ms));
}

hub_status secret_get(const hub_call* raw, hub_text name, hub_sink value) noexcept {
  return guarded(raw, [&](HostCall& call) -> Result<> {
    const auto grant = call.grant(view_of(name));
    if (!grant) return grant.error();
    return hand_out(call,
                    (*grant)->slot.empty() ? call.services().credential((*grant)->reference)
                                           : call.services().slots().current((*grant)->slot),
                    value);
  });
}

hub_status secret_begin(const hub_call* raw, hub_text name, int64_t lease_ms, uint64_t* fence,
                        hub_sink snapshot) noexcept {
  return with_slot(raw, name,
                   [&](HostCall&, SlotStore& slots, const std::string& slot) -> Result<> {
                     if (auto wrong = refused_duration("lease_ms", lease_ms, 1))
                       return *std::move(wrong);
                     const auto begun = slots.begin(slot, milliseconds(lease_ms));
                     if (!begun) return begun.error();
                     *fence = begun->fence;
                     auto taken = write(snapshot, to_json(begun->snapshot));
                     if (!taken) static_cast<void>(slots.end(slot, *fence));
                     return taken;
                   });
}

hub_status secret_look(const hub_call* raw, hub_text name, hub_sink snapshot) noexcept {
  return with_slot(raw, name,
                   [&](HostCall&, SlotStore& slots, const std::string& slot) -> Result<> {
                     const auto seen = slots.look(slot);
                     if (!seen) return seen.error();
                     return write(snapshot, to_json(*seen));
                   });
}

hub_status secret_renew(const hub_call* raw, hub_text name, uint64_t fence,
                        int64_t lease_ms) noexcept {
  return with_slot(raw, name,
                   [&](HostCall&, SlotStore& slots, const std::string& slot) -> Result<> {
                     if (auto wrong = refused_duration("lease_ms", lease_ms, 1))
                       return *std::move(wrong);
                     return slots.renew(slot, fence, milliseconds(lease_ms));
                   });
}

hub_status secret_read(const hub_call* raw, hub_text name, uint64_t fence, uint64_t version,
                       hub_sink value) noexcept {
  return with_slot(raw, name,
                   [&](HostCall& call, SlotStore& slots, const std::string& slot) -> Result<> {
                     return hand_out(call, slots.read(slot, fence, version), value);
                   });
}

hub_status secret_stage(const hub_call* raw, hub_text name, uint64_t fence, hub_bytes value,
                        hub_text note, hub_text slot_note, uint64_t* version) noexcept {
  return with_slot(
      raw, name, [&](HostCall& call, SlotStore& slots, const std::string& slot) -> Result<> {
        const auto checked_note = note_of(note);
        if (!checked_note) return checked_note.error();
        const auto checked_slot_note = note_of(slot_note);
        if (!checked_slot_note) return checked_slot_note.error();
        std::optional<Secret> secret;
        if (value.data != nullptr) {
          if (value.size == 0)
            return invalid("ARGUMENT_INVALID", "an empty value cannot be staged");
          secret.emplace(std::string_view(static_cast<const char*>(value.data), value.size));
          call.services().redactor().add(*secret);
        }
        const auto staged = slots.stage(slot, fence, secret ? &*secret : nullptr, *checked_note,
                                        *checked_slot_note);
        if (!staged) return staged.error();
        *version = *staged;
        return {};
      });
}

hub_status secret_mark(const hub_call* raw, hub_text name, uint64_t fence, uint64_t version,
                       hub_mark mark, hub_text slot_note) noexcept {
  return with_note(
      raw, name, slot_note,
      [&](SlotStore& slots, const std::string& slot, SlotStore::Note note) -> Result<> {
        if (mark != HUB_MARK_DISCARD && mark != HUB_MARK_RETIRING)
          return invalid("ARGUMENT_INVALID", "no mark has the number " + std::to_string(mark));
        return slots.mark(slot, fence, version, mark, note);
      });
}

hub_status secret_state(const hub_call* raw, hub_text name, uint64_t fence, hub_slot_state state,
                        hub_text slot_note) noexcept {
  return with_note(
      raw, name, slot_note,
      [&](SlotStore& slots, const std::string& slot, SlotStore::Note note) -> Result<> {
        if (state < HUB_SLOT_ACTIVE || state > HUB_SLOT_REVOKED)
          return invalid("ARGUMENT_INVALID", "no state has the number " + std::to_string(state));
        return slots.set_state(slot, fence, state, note);
      });
}

hub_status secret_commit(const hub_call* raw, hub_text name, uint64_t fence, uint64_t version,
                         int64_t grace_ms, hub_text note, hub_text slot_note) noexcept {
  return with_note(raw, name, slot_note,
                   [&](SlotStore& slots, const std::string& slot,
                       SlotStore::Note checked_slot_note) -> Result<> {
                     if (auto wrong = refused_duration("grace_ms", grace_ms, 0))
                       return *std::move(wrong);
                     const auto checked_note = note_of(note);
                     if (!checked_note) return checked_note.error();
                     return slots.commit(slot, fence, version, milliseconds(grace_ms),
                                         *checked_note, checked_slot_note);
                   });
}

hub_status secret_drop(const hub_call* raw, hub_text name, uint64_t fence, uint64_t version,
                       hub_text slot_note) noexcept {
  return with_note(raw, name, slot_note,
                   [&](SlotStore& slots, const std::string& slot, SlotStore::Note note) {
                     return slots.drop(slot, fence, version, note);
                   });
}

hub_status secret_note(const hub_call* raw, hub_text name, uint64_t fence,
                       hub_text slot_note) noexcept {
  return with_note(
      raw, name, slot_note,
      [&](SlotStore& slots, const std::string& slot, SlotStore::Note note) -> Result<> {
        if (!note) return invalid("ARGUMENT_INVALID", "the note is absent");
        return slots.note(slot, fence, *note);
      });
}

hub_status secret_end(const hub_call* raw, hub_text name, uint64_t fence) noexcept {
  return with_slot(raw, name, [&](HostCall&, SlotStore& slots, const std::string& slot) {
    return slots.end(slot, fence);
  });
}

}  // namespace

void set_secret_functions(hub_call& table) {
  table.secret_get = secret_get;
  table.secret_begin = secret_begin;
  table.secret_look = secret_look;
  table.secret_renew = secret_renew;
  table.secret_read = secret_read;
  table.secret_stage = secret_stage;
  table.secret_mark = secret_mark;
  table.secret_state = secret_state;
  table.secret_commit = secret_commit;
  table.secret_drop = secret_drop;
  table.secret_note = secret_note;
  table.secret_end = secret_end;
}

}  // namespace hub
