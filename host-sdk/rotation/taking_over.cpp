// What becomes current without being minted: what somebody made by hand, and the newest previous
// version.
#include <algorithm>

#include "plan.hpp"
#include "reasons.hpp"
#include "rotator.hpp"

namespace hub::rotation {

// ---- Adopt ----

bool Rotator::is_offered(const std::string& token_id) const {
  return token_id == provider_.id_of(*request_.adopt) || token_id == request_.adopt_id;
}

Event Rotator::identify() {
  const auto refuse = [&](std::string_view reason, std::string message) {
    return failed(refusal(Status::kFailedPrecondition, reason, std::move(message)));
  };
  const Secret& value = *request_.adopt;
  auto owner = provider_.owner_id(call_);
  if (!owner) return failed(std::move(owner).error());
  owner_ = *std::move(owner);
  auto verdict = provider_.verify(call_, value, owner_, 0);
  if (!verdict) return failed(std::move(verdict).error());
  if (!verdict->accepted)
    return refuse("ADOPTION_REFUSED", "the token was refused: " + verdict->why);

  for (const std::string& id : {provider_.id_of(value).value_or(""), request_.adopt_id}) {
    if (id.empty()) continue;
    if (slot_.names(id)) return already_ours(id);
    auto found = provider_.find(call_, id);
    if (!found) return failed(std::move(found).error());
    if (*found && (*found)->owner_id == owner_) {
      adopted_ = **std::move(found);
      return Event::kAccepted;
    }
  }
  return refuse("ADOPTED_ID_UNKNOWN", "the workspace does not say which token it is");
}

Event Rotator::already_ours(const std::string& id) {
  if (slot_.current && slot_.current->note.token_id == id) return Event::kNotDue;
  return failed(refusal(Status::kFailedPrecondition, "ADOPTION_REFUSED",
                        "token " + id + " is this slot's already, as one that was replaced"));
}

Event Rotator::stage_adopted() {
  VersionNote note{.origin = "adopted",
                   .started_at = provider_.now(),
                   .lifetime_seconds = policy_.lifetime_seconds,
                   .owner_id = owner_,
                   .scopes = adopted_->scopes,
                   .token_id = adopted_->id,
                   .creation_time = adopted_->creation_time,
                   .expiry_time = adopted_->expiry_time};
  auto staged = transaction_.stage_value(*request_.adopt, note.to_json(), this->note());
  if (!staged) return written(std::move(staged).error());
  slot_.pending = {{*staged, std::move(note)}, true, false};
  target_pending();
  did("adopted", adopted_->id);
  return Event::kWritten;
}

// ---- Roll back ----

Event Rotator::prove_previous() {
  const auto refuse = [&](std::string message) {
    return failed(refusal(Status::kFailedPrecondition, "ROLLBACK_IMPOSSIBLE", std::move(message)));
  };
  if (protocol_.is_met(slot_, request_)) return Event::kNotDue;
  if (slot_.pending && slot_.pending->has_value && !slot_.pending->discard) {
    return refuse("token " + slot_.pending->note.token_id +
                  " is about to become current: let rotate-token finish first");
  }
  if (slot_.previous.empty()) return refuse("there is no previous token");
  const Slot::Previous& newest = slot_.previous.front();
  const std::string& token_id = newest.note.token_id;
  if (newest.retiring) return refuse("token " + token_id + " is being revoked");
  if (token_id == slot_.note.leaked) return refuse("token " + token_id + " has leaked");
  const auto value = transaction_.read(newest.id);
  if (!value) return failed(value.error());
  auto verdict = provider_.verify(call_, *value, newest.note.owner_id, newest.note.creation_time);
  if (!verdict) return failed(std::move(verdict).error());
  if (!verdict->accepted) return refuse("token " + token_id + " was refused: " + verdict->why);
  target_version(newest, false);
  return Event::kAccepted;
}

}  // namespace hub::rotation
