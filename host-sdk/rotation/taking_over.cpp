// What becomes current without being minted: what somebody made by hand, and the newest previous
// version.
#include <algorithm>

#include "marker.hpp"
#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {

// ---- Adopt ----

Result<bool> Rotator::is_offered(const Slot::Version& version) {
  const auto value = transaction_.read(version.id);
  if (!value) return value.error();
  return value->reveal() == request_.adopt->reveal();
}

Event Rotator::identify() {
  const auto refuse = [&](std::string_view reason, std::string message) {
    return failed(refusal(slot_.kind, Status::kFailedPrecondition, reason, std::move(message)));
  };
  const Secret& value = *request_.adopt;
  if (slot_.current) {
    const auto is_current = is_offered(*slot_.current);
    if (!is_current) return failed(is_current.error());
    taken_over_ = *is_current;
    if (taken_over_) return Event::kNotDue;
  }
  auto owner = provider_.owner_id(call_);
  if (!owner) return failed(std::move(owner).error());
  owner_ = *std::move(owner);
  auto verdict = provider_.verify(call_, value, owner_, 0);
  if (!verdict) return failed(std::move(verdict).error());
  if (!verdict->accepted)
    return refuse("ADOPTION_REFUSED", "the " + slot_.kind.noun + " was refused: " + verdict->why);

  // The value's own word, where the remote side confirms it, before anybody else's.
  Result<std::optional<Issued>> found = std::optional<Issued>();
  if (const auto id = provider_.id_of(value)) found = provider_.find(call_, *id);
  const std::string& asked_for = request_.adopt_id;
  if (found && *found && !asked_for.empty() && asked_for != (*found)->id) {
    return refuse("ADOPTION_REFUSED",
                  "the value is that of " + named((*found)->id) + ", not of " + asked_for);
  }
  if ((!found || !*found) && !asked_for.empty()) found = provider_.find(call_, asked_for);
  if (!found) return failed(std::move(found).error());
  if (!*found || (*found)->owner_id != owner_)
    return refuse("ADOPTED_ID_UNKNOWN",
                  "the workspace does not say which " + slot_.kind.noun + " it is");
  adopted_ = **std::move(found);
  const auto no = [&](const char* why) {
    return refuse("ADOPTION_REFUSED", named(adopted_->id) + why);
  };
  if (slot_.names(adopted_->id)) return no(" is this slot's already");
  if (adopted_->expiry_time > 0 && adopted_->expiry_time <= provider_.now())
    return no(" has expired, so it is not the one whose value was handed in");
  const auto marker = Marker::parse(adopted_->comment);
  if (marker && marker->slot_id != slot_.id) return no(" belongs to another slot");
  return Event::kAccepted;
}

Event Rotator::stage_adopted() {
  const std::int64_t now = provider_.now();
  // One without an end is taken for as old as its adoption, or it would be due at once.
  const bool is_endless = adopted_->expiry_time <= 0 || adopted_->creation_time <= 0;
  VersionNote note{.origin = "adopted",
                   .started_at = now,
                   .lifetime_seconds = policy_.lifetime_seconds,
                   .owner_id = owner_,
                   .scopes = adopted_->scopes,
                   .credential_id = adopted_->id,
                   .creation_time = is_endless ? now : adopted_->creation_time,
                   .expiry_time = adopted_->expiry_time};
  if (slot_.state != "active") {
    if (const Event set = set_state(HUB_SLOT_ACTIVE, "active"); set != Event::kWritten) return set;
  }
  auto staged =
      transaction_.stage_value(*request_.adopt, note.to_json(slot_.kind.id_key()), this->note());
  if (!staged) return written(std::move(staged).error());
  note_as_kept_ = slot_.note;
  slot_.pending = {{*staged, std::move(note)}, true, false};
  target_pending();
  did("adopted", adopted_->id);
  return Event::kWritten;
}

// ---- Roll back ----

Event Rotator::prove_previous() {
  const auto refuse = [&](std::string message) {
    return failed(refusal(slot_.kind, Status::kFailedPrecondition, "ROLLBACK_IMPOSSIBLE",
                          std::move(message)));
  };
  if (protocol_.is_met(slot_, request_)) return Event::kNotDue;
  if (slot_.pending && slot_.pending->has_value && !slot_.pending->discard) {
    return refuse(named(slot_.pending->note.credential_id) +
                  " is about to become current: let rotate-" + slot_.kind.noun + " finish first");
  }
  if (slot_.previous.empty()) return refuse("there is no previous " + slot_.kind.noun);
  const Slot::Previous& newest = slot_.previous.front();
  const std::string& id = newest.note.credential_id;
  if (newest.retiring) return refuse(named(id) + " is being revoked");
  if (slot_.has_leaked(newest)) return refuse(named(id) + " has leaked");
  const auto value = transaction_.read(newest.id);
  if (!value) return failed(value.error());
  auto verdict = provider_.verify(call_, *value, newest.note.owner_id, newest.note.creation_time);
  if (!verdict) return failed(std::move(verdict).error());
  if (!verdict->accepted) return refuse(named(id) + " was refused: " + verdict->why);
  if (rotate_at(newest.note, slot_.id, policy_) <= provider_.now()) {
    answer_.warnings.push_back({"DUE_AGAIN", named(id) + " nears its expiry: the next rotate-" +
                                                 slot_.kind.noun + " replaces it"});
  }
  target_version(newest, false);
  return Event::kAccepted;
}

}  // namespace hub::rotation
