// When: pure functions of the slot, the time and the policy. Times in milliseconds since 1970.
#pragma once

#include <hub/rotation.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "slot.hpp"

namespace hub::rotation {

inline constexpr std::int64_t kSecond = 1000;
inline constexpr std::int64_t kHour = 3600 * kSecond;
inline constexpr std::int64_t kDay = 24 * kHour;
// Two clocks that are further apart are not taken for one.
inline constexpr std::int64_t kClockTolerance = 5 * 60 * kSecond;
inline constexpr std::size_t kMaxVersions = 10;
// After an answer that may have been lost, lists are looked through until so many in a row are
// clean.
inline constexpr int kCleanListsForRest = 2;
inline constexpr std::int64_t kSweepAgainAfter = 10 * 60 * kSecond;

std::int64_t grace_ms(const Policy& policy);

/// Before the expiry by a third of the lifetime (or what the policy says, and never less than the
/// grace period and an hour for retries), less a tenth of the lifetime at most that differs by
/// slot, so that a fleet made in one minute is not replaced in one; never before half of the
/// granted lifetime, so that a workspace that grants less than was asked for makes no storm.
std::int64_t rotate_at(const VersionNote& current, const std::string& slot_id,
                       const Policy& policy);

/// Whether what `request` wants replaced is not current any more.
bool is_met(const Slot& slot, const Request& request);

/// What refuses the request whatever the remote side says.
std::optional<Error> refuse_at_once(const Slot& slot, const Request& request);

/// Whether the current version is to be looked at: once a day, and when the clock has gone back.
bool is_drift_check_due(const Slot& slot, std::int64_t now);

/// Why the current version as the remote side has it (nothing: gone) must be replaced, or empty.
std::string drift_reason(const std::optional<Issued>& found, const Slot& slot, std::int64_t now);

/// Why a new one is due, or empty. `drift` is what a look at the remote side found wrong with
/// current; `met`: what was asked for has been done.
std::string due_reason(const Slot& slot, const Request& request, bool met, const std::string& drift,
                       std::int64_t now, const Policy& policy);

/// Mints within the window: three in each granted lifetime, and six at least.
std::size_t mint_cap(const Slot& slot, const Policy& policy);

/// Why no more may be minted, if so.
std::optional<Error> cap_reached(const Slot& slot, std::int64_t now, const Policy& policy);

bool is_sweep_due(const Slot& slot, std::int64_t now);

/// Notes what `request` says has leaked, so that a later run takes it up if this one is killed.
void note_leak(Slot& slot, const Request& request);

/// Says when each previous version may go: what has leaked at once; no other before the remote
/// side's clock, too, says that a grace period has passed since its successor was begun, for the
/// store's may have been set forth.
void settle_grace(Slot& slot, const Policy& policy);

/// In any order.
bool same(const Scopes& a, const Scopes& b);

/// A day, or 20 granted lifetimes where those are shorter, so that few mints need to be remembered.
std::int64_t mint_window_ms(const Slot& slot, const Policy& policy);

/// The previous version that is to be retired next, one that has leaked or the oldest that is ripe,
/// or nullptr. Ripe is what was marked, what has expired by `now`, the remote side's clock, and
/// what is past its grace period and not kept because it is in use; `all`: each.
const Slot::Previous* next_to_retire(const Slot& slot, std::int64_t now, bool all);

/// Whether somebody used a previous version, `issued` at the remote side, since it was replaced,
/// and yesterday or today. The day of the last use is all that is known, so on the day of the
/// replacement nobody can tell, and it is.
bool is_in_use(const Issued& issued, const Slot& slot, std::int64_t now);

/// What a kRotate request would do, and why.
std::vector<Answer::Planned> steps(const Slot& slot, const Request& request, bool met,
                                   const std::string& drift, std::int64_t now,
                                   const Policy& policy);

/// Says in `answer` what the slot holds, in the words of its kind.
void describe(Answer& answer, const Slot& slot);

/// When something is due next; in the past for what could not be done.
std::int64_t due_at(const Slot& slot, const Policy& policy);

/// When to call next: the above, or after a while if that has passed.
std::int64_t next_action_at(const Slot& slot, std::int64_t now, const Policy& policy);

/// Before the next try after `failures` in a row: doubling from 30 s to 1 h, never more than a
/// tenth of the time that current has left.
std::int64_t back_off_ms(const Slot& slot, std::int64_t now);

}  // namespace hub::rotation
