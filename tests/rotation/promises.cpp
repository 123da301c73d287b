// The promises, held against the truth before and after each operation.
#include <algorithm>

#include "plan.hpp"
#include "slot.hpp"
#include "world.hpp"

namespace rotation_test {

using hub::Result;
using hub::rotation::Answer;
using hub::rotation::Goal;
using hub::rotation::SlotNote;

bool World::is_refused(const Token& token) const {
  return token.issued.id == refused_id || token.issued.owner_id != kOwner;
}

// ---- What must not be asked of the remote side ----

void World::check_request(const Host& host, std::string_view operation,
                          const std::string& subject) {
  if (operation != "mint" && operation != "revoke") return;
  if (host.is_elsewhere()) violated("I9 it changed a workspace that is not the slot's");
  // Who was overtaken between its last look at the store and its request could not know better.
  if (!host.holds()) return;
  if (operation == "mint") {
    check_mint(host);
  } else {
    check_revoke(host, subject);
  }
}

void World::check_mint(const Host& host) {
  if (!unlooked_.empty()) violated("I6 it minted again without having looked for the first");
  if (slot(host.slot_).state != HUB_SLOT_ACTIVE) violated("I10 it minted for a revoked slot");
  if (host.slot_ != kSlot) return;
  if (!host.request_.accept_store && !lost_by_restore().empty())
    violated("I9 it minted although the store is older than the workspace");
  // Nothing but the request makes a token due before half of its lifetime.
  const std::string& replaced = host.request_.replace;
  const auto at = tokens.find(current_id());
  if (replaced.empty() || at == tokens.end() || at->first == replaced) return;
  const auto& [id, current] = *at;
  const std::int64_t made = current.issued.creation_time;
  const std::int64_t end = current.issued.expiry_time > 0 ? current.issued.expiry_time
                                                          : made + policy.lifetime_seconds * 1000;
  const bool fresh = remote_now() - made < end - remote_now();
  if (fresh && is_live(current) && !is_refused(current) && !is_excused(id))
    violated("I6 it minted twice to replace " + replaced);
}

void World::check_revoke(const Host& host, const std::string& id) {
  const auto at = tokens.find(id);
  if (at == tokens.end() || !at->second.live) return;
  const auto seen = slot(host.slot_);
  const Token& token = at->second;
  const bool ours = token.slot_id == seen.id && token.issued.owner_id == kOwner;
  if (!ours && !was_current_.contains(id)) violated("I9 it deleted " + id + ", which is not ours");
  if (unknown_since_restore_.contains(id) && std::ranges::count(lost_by_restore(), id) > 0)
    violated("I9 it deleted " + id + ", which the restored store does not know");
  const bool active = seen.state == HUB_SLOT_ACTIVE;
  if (host.request_.goal == Goal::kRevokeAll && active)
    violated("I10 a token went before it was written that all are to go");

  if (!active || !seen.current || revoked_by_somebody_ != host.revoked_by_somebody_) return;
  const bool previous = std::ranges::any_of(
      seen.previous, [&](const auto& version) { return id_in(version.note) == id; });
  const auto current = tokens.find(id_in(seen.current->note));
  if (previous && (current == tokens.end() || !current->second.live || is_refused(current->second)))
    violated("I1 it deleted " + id + ", which lives, while current is dead");
}

// ---- What is, after an operation ----

void World::check(std::string_view operation, const Host* by) {
  const std::string after = " after " + std::string(operation);
  const auto all = store.backup();
  if (by != nullptr && operation == "mark" && by->request_.goal == Goal::kRevokePrevious)
    for (const auto& version : slot(by->slot_).previous)
      if (version.retiring) excused_.insert(id_in(version.note));
  for (const auto& [name, kept] : all) check_slot(name, kept, after);
  for (const auto& [value, reader] : readers_) {
    const Token* token = by_value(value);
    const bool within = now - reader.when < hub::rotation::grace_ms(policy);
    const bool ended = token->issued.expiry_time > 0 && token->issued.expiry_time <= remote_now();
    if (within && !token->live && !ended && !is_excused(token->issued.id))
      violated("I2 a reader of " + token->issued.id + " was cut off" + after);
  }
}

void World::check_slot(const std::string& name, const Kept& kept, const std::string& after) {
  // Whoever reads what has leaked was told.
  if (kept.note.find("\"leaked\"") != std::string::npos) {
    const auto leaked = SlotNote::read(kept.note).leaked;
    const auto excuse = [&](const auto& version) {
      if (leaked.contains(version.id)) excused_.insert(id_in(version.note));
    };
    if (kept.current) excuse(*kept.current);
    std::ranges::for_each(kept.previous, excuse);
  }
  if (kept.current && !kept.current->value) violated("I5 current has no value" + after);
  for (const auto& each : kept.previous)
    if (!each.value) violated("I5 a previous version has no value" + after);
  if (kept.state == HUB_SLOT_REVOKED && (kept.current || kept.pending))
    violated("I10 a revoked slot has a version again" + after);

  std::size_t live = 0;
  for (const auto& [id, token] : tokens)
    if (is_live(token) && token.slot_id == kept.id && token.issued.owner_id == kOwner) ++live;
  // Current, the next one, and what goes when its grace period has passed.
  if (live > 2 + kept.previous.size() + static_cast<std::size_t>(disturbances) && !restored_)
    violated("I4 too many live tokens" + after);

  if (kept.state != HUB_SLOT_ACTIVE) {
    std::erase_if(readers_, [&](const auto& entry) { return entry.second.slot == name; });
    return;
  }
  let_readers_read(name, kept);
}

void World::let_readers_read(const std::string& name, const Kept& kept) {
  const auto read = store.current(name);
  if (!read) {
    if (kept.current) violated("I1 current cannot be read");
    return;
  }
  const Token* token = by_value(read->reveal());
  if (token == nullptr) {
    violated("I1 current is no token");
    return;
  }
  const std::string& id = token->issued.id;
  if (!token->live && !is_excused(id)) violated("I1 the current token is dead");
  if (is_refused(*token)) violated("I1 the current token is not accepted");
  was_current_.insert(id);
  readers_[token->value] = {name, now};
}

void World::check_answer(const Host& host, const Result<Answer>& answer, int disturbances_before) {
  if (answer.ok()) return;
  const hub::Error& error = answer.error();
  if (error.reason == "STORE_OLDER_THAN_WORKSPACE" && !restored_)
    violated("I9 a store that was never restored was called older");
  if (error.status == hub::Status::kAborted && disturbances == disturbances_before && !host.dead_)
    violated("I7 a call that nothing disturbed lost its slot");
}

}  // namespace rotation_test
