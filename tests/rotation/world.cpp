#include "world.hpp"

#include <algorithm>

#include "attribution.hpp"
#include "marker.hpp"
#include "slot.hpp"

namespace rotation_test {

using hub::rotation::Answer;
using hub::rotation::Goal;
using hub::rotation::kDay;
using hub::rotation::Marker;
using hub::rotation::Request;
using hub::rotation::SlotNote;
using hub::rotation::VersionNote;

World::World() : World(Machine{}) {}

World::World(const Machine& of) : machine(of), store([this] { return now; }) {}

hub::SlotSnapshot World::slot(std::string_view name) {
  auto seen = store.look(name);
  return seen ? *std::move(seen) : hub::SlotSnapshot{};
}

std::string World::id_in(const std::string& note) const {
  return VersionNote::read(note, machine.kind.id_key()).credential_id;
}

std::string World::current_id() {
  const auto seen = slot();
  return seen.current ? id_in(seen.current->note) : std::string();
}

const Token* World::by_value(std::string_view value) const {
  const auto at =
      std::ranges::find_if(tokens, [&](const auto& entry) { return entry.second.value == value; });
  return at == tokens.end() ? nullptr : &at->second;
}

bool World::is_live(const Token& token) const {
  return token.live && (token.issued.expiry_time <= 0 || token.issued.expiry_time > remote_now());
}

std::vector<std::string> World::live_of_ours() {
  std::vector<std::string> live;
  const std::string slot_id = slot().id;
  for (const auto& [id, token] : tokens) {
    if (is_live(token) && token.issued.owner_id == kOwner && token.slot_id == slot_id)
      live.push_back(id);
  }
  return live;
}

std::size_t World::live_of_owner() const {
  return static_cast<std::size_t>(std::ranges::count_if(tokens, [&](const auto& entry) {
    return is_live(entry.second) && entry.second.issued.owner_id == kOwner;
  }));
}

std::vector<std::string> World::known() {
  std::vector<std::string> ids;
  const auto add_id = [&](const hub::SlotSnapshot::Version& version) {
    ids.push_back(id_in(version.note));
  };
  const auto seen = slot();
  if (seen.current) add_id(*seen.current);
  if (seen.pending) add_id(*seen.pending);
  for (const auto& each : seen.previous) add_id(each);
  std::ranges::sort(ids);
  return ids;
}

std::vector<std::string> World::unaccounted() {
  const auto names = known();
  const auto accepted = SlotNote::read(slot().note).accepted;
  std::vector<std::string> ids;
  for (const std::string& id : live_of_ours()) {
    if (!std::ranges::binary_search(names, id) && !accepted.contains(tokens.at(id).nonce))
      ids.push_back(id);
  }
  for (const std::string& id : names) {
    const auto at = tokens.find(id);
    if (at == tokens.end() || !is_live(at->second)) ids.push_back("dead " + id);
  }
  return ids;
}

Token& World::add(std::string id, std::string comment, std::string owner) {
  const auto marker = Marker::parse(comment);
  Token token{.issued = {.id = id,
                         .creation_time = remote_now(),
                         .expiry_time = -1,
                         .comment = std::move(comment),
                         .owner_id = std::move(owner),
                         .last_used_day = {},
                         .scopes = {}},
              .value = "value of " + id};
  if (marker) {
    token.slot_id = marker->slot_id;
    token.nonce = marker->nonce;
  }
  return tokens.insert_or_assign(std::move(id), std::move(token)).first->second;
}

void World::use(const std::string& id) {
  tokens.at(id).issued.last_used_day = remote_now() - remote_now() % kDay;
}

void World::revoked_by_somebody(const std::string& id) {
  tokens.at(id).live = false;
  excused_.insert(id);
  ++revoked_by_somebody_;
}

void World::add_strangers() {
  if (!machine.kind.has_comments) return add_lookalikes();
  const std::string ours = slot().id;
  const std::string nonce(16, 'a');
  add("stranger-unmarked", "made by hand");
  add("stranger-slot", "x hub:00000000-0000-4000-8000-ffffffffffff/" + nonce);
  add("stranger-owner", "x hub:" + ours + "/" + nonce, "owner-2");
  add("stranger-text", "hub:" + ours + "/" + nonce + " was copied");
  add("stranger-used", "x hub:00000000-0000-4000-8000-ffffffffffff/" + nonce);
  use("stranger-used");
}

void World::add_lookalikes() {
  // Like what the next requests will make but for one thing: the owner, or the time.
  for (std::uint64_t next = 0; next < 4; ++next) {
    const std::int64_t lifetime =
        1000 * hub::rotation::told_lifetime(policy.lifetime_seconds, next_random_ + next);
    const auto add_one = [&](const std::string& name, std::int64_t age, std::string_view owner) {
      auto& issued = add(name + std::to_string(next), {}, std::string(owner)).issued;
      issued.creation_time -= age;
      issued.expiry_time = issued.creation_time + lifetime;
    };
    add_one("stranger-owner-", 0, "owner-2");
    add_one("stranger-before-", kMinute, kOwner);
    add_one("stranger-old-", kDay, kOwner);
  }
}

void World::add_another() {
  if (live_of_owner() >= capacity) return;
  auto& issued = add("another-" + std::to_string(next_other_++), {}).issued;
  issued.expiry_time = issued.creation_time + policy.lifetime_seconds * 1000;
}

hub::rotation::Issued World::shown(const Token& token) const {
  hub::rotation::Issued issued = token.issued;
  if (!machine.kind.has_comments) {
    issued.comment.clear();
    issued.last_used_day.reset();
    issued.scopes.reset();
  }
  return issued;
}

void World::pass(std::int64_t milliseconds) {
  const bool too_long = now + milliseconds - late_since_ >= hub::rotation::kLateWindow;
  if (!machine.kind.has_comments && too_long && !late.empty()) settle();
  now += milliseconds;
}

void World::settle() {
  for (const auto& effect : std::exchange(late, {})) effect();
  check("late");
}

void World::restore(const hub::testing::MemorySlotStore::Backup& backup) {
  store.restore(backup);
  restored_ = true;
  readers_.clear();
  for (const auto& [id, token] : tokens)
    if (!is_live(token)) excused_.insert(id);
  // An unused one whose intent the store knows is an orphan like any other: nobody has its value.
  const auto names = known();
  const auto nonces = SlotNote::read(slot().note).nonces;
  for (const std::string& id : live_of_ours()) {
    const Token& token = tokens.at(id);
    const bool explained = nonces.contains(token.nonce) && !token.issued.last_used_day;
    if (!std::ranges::binary_search(names, id) && !explained) unknown_since_restore_.insert(id);
  }
}

std::vector<std::string> World::lost_by_restore() {
  std::vector<std::string> lost;
  const auto strange = unaccounted();
  std::ranges::copy_if(unknown_since_restore_, std::back_inserter(lost), [&](const auto& id) {
    return std::ranges::find(strange, id) != strange.end();
  });
  return lost;
}

void World::create() {
  (void)a.run(kCreate);
  a.revive();
  mint_comments.clear();
}

Request World::replace_current() { return replace(current_id()); }

// ---- Small things ----

Request replace(std::string id) {
  return {.goal = Goal::kRotate, .now = true, .replace = std::move(id)};
}

Request replace_leaked(std::string id) {
  return {.goal = Goal::kRotate, .now = true, .replace = std::move(id), .leaked = true};
}

Request roll_back(std::string id) { return {.goal = Goal::kRollback, .replace = std::move(id)}; }

Request adopt(const hub::Secret& value, std::string id) {
  return {.goal = Goal::kAdopt, .adopt = &value, .adopt_id = std::move(id)};
}

bool did(const Answer& answer, std::string_view action) {
  return std::ranges::any_of(answer.did, [&](const auto& done) { return done.action == action; });
}

bool warned(const Answer& answer, std::string_view reason) {
  return std::ranges::any_of(answer.warnings,
                             [&](const auto& warning) { return warning.reason == reason; });
}

}  // namespace rotation_test
