#include "world.hpp"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>

#include "marker.hpp"
#include "slot.hpp"

namespace rotation_test {

using hub::Call;
using hub::Error;
using hub::Result;
using hub::Secret;
using hub::Status;
using hub::rotation::Answer;
using hub::rotation::Issued;
using hub::rotation::Marker;
using hub::rotation::Minted;
using hub::rotation::MintRequest;
using hub::rotation::Request;
using hub::rotation::Verdict;
using hub::rotation::VersionNote;

std::string_view to_text(Fault fault) {
  constexpr std::string_view kWords[] = {"none",   "fail before", "fail after", "late",
                                         "refuse", "kill before", "kill after", "overtaken"};
  return kWords[static_cast<std::size_t>(fault)];
}

// ---- The call ----

/// A snapshot as connector.h has it.
std::string snapshot_json(const hub::SlotSnapshot& slot) {
  const auto note = [](const std::string& text) { return text.empty() ? "null" : text; };
  const auto version = [&](const hub::SlotSnapshot::Version& of) {
    return "{\"version\":" + std::to_string(of.id) + ",\"note\":" + note(of.note);
  };
  const auto flag = [](bool value) { return value ? "true" : "false"; };
  constexpr const char* kStates[] = {"active", "revoking", "revoked"};
  std::string json =
      "{\"slot\":\"" + slot.id + "\",\"created_at\":" + std::to_string(slot.created_at) +
      ",\"revision\":" + std::to_string(slot.revision) + ",\"now\":" + std::to_string(slot.now) +
      ",\"state\":\"" + kStates[slot.state] + "\",\"note\":" + note(slot.note);
  json += ",\"current\":" + (slot.current ? version(*slot.current) + "}" : "null");
  json += ",\"pending\":";
  json += !slot.pending
              ? "null"
              : version(*slot.pending) + ",\"has_value\":" + flag(slot.pending->has_value) +
                    ",\"discard\":" + flag(slot.pending->discard) + "}";
  json += ",\"previous\":[";
  for (const auto& each : slot.previous) {
    if (&each != &slot.previous.front()) json += ",";
    json += version(each) + ",\"retire_after\":" +
            (each.retire_after ? std::to_string(*each.retire_after) : "null") +
            ",\"retiring\":" + flag(each.retiring) + "}";
  }
  return json + "]}";
}

/// hub_call over the host's store.
struct Functions {
  static Host& self(const hub_call* call) { return *static_cast<Host*>(call->context); }
  static hub_status status(const Result<>& result) {
    return result ? HUB_OK : static_cast<hub_status>(result.error().status);
  }
  static hub::SlotStore::Note note(hub_text text) {
    if (text.data == nullptr) return std::nullopt;
    return hub::view_of(text);
  }
  template <class Effect>
  static hub_status write(const hub_call* call, std::string_view name, Effect effect) {
    Host& host = self(call);
    return status(host.operate<void>(name, [&]() -> Result<> { return effect(host.store_); }));
  }
  static Result<> send(hub_sink sink, std::string_view bytes) {
    if (auto refused = Call::refusal(sink.write(sink.context, {bytes.data(), bytes.size()})))
      return *std::move(refused);
    return {};
  }

  static hub_call table(Host& host) {
    hub_call call{};
    call.struct_size = sizeof(call);
    call.attempt = 1;
    call.context = &host;
    call.remaining_ns = [](const hub_call*) noexcept -> std::int64_t {
      return std::chrono::nanoseconds(std::chrono::seconds(60)).count();
    };
    call.cancelled = [](const hub_call*) noexcept -> std::int32_t { return 0; };
    call.log = [](const hub_call*, hub_log_level, hub_text) noexcept {};
    call.secret_begin = [](const hub_call* of, hub_text name, std::int64_t lease,
                           std::uint64_t* fence, hub_sink snapshot) noexcept {
      return write(of, "begin", [&](hub::SlotStore& store) -> Result<> {
        auto begun = store.begin(hub::view_of(name), std::chrono::milliseconds(lease));
        if (!begun) return std::move(begun).error();
        *fence = begun->fence;
        return send(snapshot, snapshot_json(begun->snapshot));
      });
    };
    call.secret_look = [](const hub_call* of, hub_text name, hub_sink snapshot) noexcept {
      return write(of, "look", [&](hub::SlotStore& store) -> Result<> {
        auto seen = store.look(hub::view_of(name));
        if (!seen) return std::move(seen).error();
        return send(snapshot, snapshot_json(*seen));
      });
    };
    call.secret_renew = [](const hub_call* of, hub_text name, std::uint64_t fence,
                           std::int64_t lease) noexcept {
      return write(of, "renew", [&](hub::SlotStore& store) {
        return store.renew(hub::view_of(name), fence, std::chrono::milliseconds(lease));
      });
    };
    call.secret_read = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_sink value) noexcept {
      return write(of, "read", [&](hub::SlotStore& store) -> Result<> {
        auto read = store.read(hub::view_of(name), fence, version);
        if (!read) return std::move(read).error();
        return send(value, read->reveal());
      });
    };
    call.secret_stage = [](const hub_call* of, hub_text name, std::uint64_t fence, hub_bytes value,
                           hub_text text, hub_text slot_note, std::uint64_t* version) noexcept {
      return write(
          of, value.data == nullptr ? "stage intent" : "stage value",
          [&](hub::SlotStore& store) -> Result<> {
            std::optional<Secret> secret;
            if (value.data != nullptr)
              secret.emplace(std::string_view(static_cast<const char*>(value.data), value.size));
            auto staged = store.stage(hub::view_of(name), fence, secret ? &*secret : nullptr,
                                      note(text), note(slot_note));
            if (!staged) return std::move(staged).error();
            *version = *staged;
            return {};
          });
    };
    call.secret_mark = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_mark mark, hub_text slot_note) noexcept {
      return write(of, "mark", [&](hub::SlotStore& store) {
        return store.mark(hub::view_of(name), fence, version, mark, note(slot_note));
      });
    };
    call.secret_state = [](const hub_call* of, hub_text name, std::uint64_t fence,
                           hub_slot_state state, hub_text slot_note) noexcept {
      return write(of, "state", [&](hub::SlotStore& store) {
        return store.set_state(hub::view_of(name), fence, state, note(slot_note));
      });
    };
    call.secret_commit = [](const hub_call* of, hub_text name, std::uint64_t fence,
                            std::uint64_t version, std::int64_t grace, hub_text text,
                            hub_text slot_note) noexcept {
      return write(of, "commit", [&](hub::SlotStore& store) {
        return store.commit(hub::view_of(name), fence, version, std::chrono::milliseconds(grace),
                            note(text), note(slot_note));
      });
    };
    call.secret_drop = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          std::uint64_t version, hub_text slot_note) noexcept {
      return write(of, "drop", [&](hub::SlotStore& store) {
        return store.drop(hub::view_of(name), fence, version, note(slot_note));
      });
    };
    call.secret_note = [](const hub_call* of, hub_text name, std::uint64_t fence,
                          hub_text slot_note) noexcept {
      return write(of, "note", [&](hub::SlotStore& store) {
        return store.note(hub::view_of(name), fence, hub::view_of(slot_note));
      });
    };
    call.secret_end = [](const hub_call* of, hub_text name, std::uint64_t fence) noexcept {
      return write(of, "end",
                   [&](hub::SlotStore& store) { return store.end(hub::view_of(name), fence); });
    };
    return call;
  }
};

// ---- A host ----

Host::Host(World& world, std::string name)
    : world_(world), name_(std::move(name)), store_(world.store.as_holder(name_)) {}

template <class T>
Result<T> Host::operate(std::string_view operation, const std::function<Result<T>()>& effect) {
  const Error lost{.status = Status::kUnavailable,
                   .retry = hub::Retry::kSameCall,
                   .effect = hub::Effect::kUnknown,
                   .reason = "NO_ANSWER",
                   .message = "no answer to " + std::string(operation)};
  if (dead_) return lost;
  const Fault fault = faults ? faults(operation, operations.size()) : Fault::kNone;
  operations.emplace_back(operation);
  if (fault != Fault::kNone) ++world_.faults_so_far;
  if (fault == Fault::kOvertaken) {
    world_.now += 10 * kMinute;
    (void)world_.b.run(kRotate);
  }
  if (operation == "mint" && world_.unlooked_)
    world_.violations.emplace_back("I6 minted again without having looked for the first");
  const bool unheard =
      fault != Fault::kNone && fault != Fault::kRefuse && fault != Fault::kOvertaken;
  if (operation == "mint" && unheard) world_.unlooked_ = true;
  if (fault == Fault::kKillBefore) dead_ = true;
  if (fault == Fault::kKillBefore || fault == Fault::kFailBefore) return lost;
  if (fault == Fault::kRefuse) {
    return Error{.status = Status::kPermissionDenied,
                 .http_status = 403,
                 .reason = "PERMISSION",
                 .message = "the workspace refused " + std::string(operation)};
  }
  if (fault == Fault::kLate) {
    world_.late.emplace_back([effect] { (void)effect(); });
    return lost;
  }
  Result<T> result = effect();
  world_.check(operation);
  if (operation == "revoke" && revokes_everything_ && world_.slot().state == HUB_SLOT_ACTIVE)
    world_.violations.emplace_back("I10 a token went before it was written that all are to go");
  if (operation == "list" && fault == Fault::kNone) world_.unlooked_ = false;
  if (fault == Fault::kKillAfter) dead_ = true;
  if (fault == Fault::kKillAfter || fault == Fault::kFailAfter) return lost;
  return result;
}

Result<Answer> Host::run(const Request& request) {
  revokes_everything_ = request.goal == hub::rotation::Goal::kRevokeAll;
  if (revokes_everything_) world_.revocation_asked = true;
  const hub_call call = Functions::table(*this);
  return hub::rotation::run(Call(&call), *this, world_.policy, kSlot, request,
                            [&] { return world_.next_random_++; });
}

void Host::revive() {
  if (dead_) store_.die();
  dead_ = false;
  faults = nullptr;
  operations.clear();
}

std::int64_t Host::now() const { return world_.remote_now(); }

Result<std::string> Host::owner_id(Call) {
  return operate<std::string>("owner", [] { return std::string(kOwner); });
}

Result<Minted> Host::mint(Call, const MintRequest& request) {
  // A late one must not look into a call that has ended.
  return operate<Minted>("mint", [this, request]() -> Result<Minted> {
    World& world = world_;
    world.mint_comments.push_back(request.comment);
    Token& token = world.add("token-" + std::to_string(world.next_id_++), request.comment);
    const std::int64_t seconds = world.granted_seconds.value_or(request.lifetime_seconds);
    token.issued.expiry_time = world.no_expiry ? -1 : world.remote_now() + seconds * 1000;
    token.issued.scopes = request.scopes ? request.scopes : world.scopes;
    if (world.drops_scopes) token.issued.scopes.reset();
    if (world.reverses_scopes) std::ranges::reverse(*token.issued.scopes);
    return Minted{.value = Secret(token.value), .issued = token.issued};
  });
}

Result<Verdict> Host::verify(Call, const Secret& value, const std::string& owner_id, std::int64_t) {
  return operate<Verdict>("verify", [&]() -> Result<Verdict> {
    const Token* token = world_.by_value(std::string(value.reveal()));
    if (token == nullptr || !token->live) return Verdict{false, "401"};
    if (token->issued.id == world_.refused_id) {
      if (world_.refuses_once) world_.refused_id.clear();
      return Verdict{false, "403"};
    }
    if (world_.refuses_fresh && token->issued.id != world_.current_id())
      return Verdict{false, "403"};
    if (token->issued.id != world_.current_id() && owner_id != world_.verify_as)
      return Verdict{false, "it belongs to " + world_.verify_as};
    world_.tokens.at(token->issued.id).issued.last_used_day = world_.remote_now();
    return Verdict{true, {}};
  });
}

Result<std::vector<Issued>> Host::list(Call) {
  return operate<std::vector<Issued>>("list", [&] {
    std::vector<Issued> listed;
    for (const auto& [id, token] : world_.tokens)
      if (token.live) listed.push_back(token.issued);
    return listed;
  });
}

Result<std::optional<Issued>> Host::find(Call, const std::string& id) {
  return operate<std::optional<Issued>>("find", [&]() -> std::optional<Issued> {
    const auto at = world_.tokens.find(id);
    if (at == world_.tokens.end() || !at->second.live) return std::nullopt;
    return at->second.issued;
  });
}

Result<> Host::revoke(Call, const std::string& id) {
  return operate<void>("revoke", [this, id]() -> Result<> {
    if (const auto at = world_.tokens.find(id); at != world_.tokens.end()) at->second.live = false;
    return {};
  });
}

std::size_t Host::capacity() const { return world_.capacity; }

std::optional<std::string> Host::id_of(const Secret& value) const {
  const Token* token = world_.by_value(std::string(value.reveal()));
  if (world_.hides_ids || token == nullptr) return std::nullopt;
  return token->issued.id;
}

// ---- The world ----

World::World() : store([this] { return now; }) {}

hub::SlotSnapshot World::slot() {
  auto seen = store.look(kSlot);
  return seen ? *std::move(seen) : hub::SlotSnapshot{};
}

std::string World::current_id() {
  const auto seen = slot();
  return seen.current ? VersionNote::read(seen.current->note).token_id : std::string();
}

const Token* World::by_value(const std::string& value) const {
  const auto at =
      std::ranges::find_if(tokens, [&](const auto& entry) { return entry.second.value == value; });
  return at == tokens.end() ? nullptr : &at->second;
}

std::vector<std::string> World::live_of_ours() {
  std::vector<std::string> live;
  const std::string slot_id = slot().id;
  for (const auto& [id, token] : tokens) {
    if (token.live && token.issued.owner_id == kOwner &&
        hub::rotation::is_marked(token.issued.comment, slot_id)) {
      live.push_back(id);
    }
  }
  return live;
}

std::vector<std::string> World::known() {
  std::vector<std::string> ids;
  const auto add_id = [&](const hub::SlotSnapshot::Version& version) {
    ids.push_back(VersionNote::read(version.note).token_id);
  };
  const auto seen = slot();
  if (seen.current) add_id(*seen.current);
  if (seen.pending) add_id(*seen.pending);
  for (const auto& each : seen.previous) add_id(each);
  std::ranges::sort(ids);
  return ids;
}

Token& World::add(std::string id, std::string comment, std::string owner) {
  Token token{.issued = {.id = id,
                         .creation_time = remote_now(),
                         .expiry_time = -1,
                         .comment = std::move(comment),
                         .owner_id = std::move(owner),
                         .last_used_day = {},
                         .scopes = {}},
              .value = "value of " + id};
  return tokens.insert_or_assign(std::move(id), std::move(token)).first->second;
}

void World::revoked_by_somebody(const std::string& id) {
  tokens.at(id).live = false;
  excused_.push_back(id);
}

void World::add_strangers() {
  const std::string ours = slot().id;
  const std::string nonce(16, 'a');
  add("stranger-unmarked", "made by hand");
  add("stranger-slot", "x hub:00000000-0000-4000-8000-ffffffffffff/" + nonce);
  add("stranger-owner", "x hub:" + ours + "/" + nonce, "owner-2");
  add("stranger-text", "hub:" + ours + "/" + nonce + " was copied");
  add("stranger-used", "x hub:00000000-0000-4000-8000-ffffffffffff/" + nonce).issued.last_used_day =
      kStart;
  for (const auto& [id, token] : tokens)
    if (id.starts_with("stranger")) strangers_.push_back(id);
}

void World::settle() {
  for (const auto& effect : std::exchange(late, {})) effect();
  check("late");
}

void World::create() {
  (void)a.run(kCreate);
  a.revive();
  mint_comments.clear();
}

Request World::replace_current() {
  return {.goal = hub::rotation::Goal::kRotate, .now = true, .replace = current_id()};
}

void World::check(std::string_view operation) {
  const auto violated = [&](std::string what) {
    violations.push_back(std::move(what) + " after " + std::string(operation));
  };
  const auto excused = [&](const Token& token) {
    return std::ranges::find(excused_, token.issued.id) != excused_.end();
  };
  const auto backup = store.backup();
  const auto at = backup.find(kSlot);
  if (at == backup.end()) return;
  const auto& kept = at->second;

  if (kept.current && !kept.current->value) violated("I5 current has no value");
  for (const auto& each : kept.previous)
    if (!each.value) violated("I5 a previous version has no value");
  for (const std::string& id : strangers_)
    if (!tokens.at(id).live) violated("I9 " + id + " was deleted");

  std::size_t in_grace = 0;
  for (const auto& each : kept.previous)
    if (!each.retire_after || *each.retire_after > now) ++in_grace;
  if (live_of_ours().size() > 2 + in_grace + static_cast<std::size_t>(faults_so_far))
    violated("I4 too many live tokens");

  if (kept.state != HUB_SLOT_ACTIVE) {
    last_current_.clear();
    return;
  }
  if (kept.current && kept.current->value) {
    const Token* token = by_value(*kept.current->value);
    if (token == nullptr || (!token->live && !excused(*token)))
      violated("I1 the current token is dead");
    last_current_[*kept.current->value] = now;
  }
  const std::int64_t grace = policy.grace_seconds.value_or(0) * 1000;
  for (const auto& [value, when] : last_current_) {
    const Token* token = by_value(value);
    if (!revocation_asked && now - when < grace && !token->live && !excused(*token))
      violated("I2 a reader was cut off");
  }
}

// ---- Small things ----

Host::Faults fault_at(std::string operation, Fault fault, int nth) {
  return [=, seen = 0](std::string_view name, std::size_t) mutable {
    return name == operation && seen++ == nth ? fault : Fault::kNone;
  };
}

Host::Faults always(std::string operation, Fault fault) {
  return
      [=](std::string_view name, std::size_t) { return name == operation ? fault : Fault::kNone; };
}

bool did(const Answer& answer, std::string_view action) {
  return std::ranges::any_of(answer.did, [&](const auto& done) { return done.action == action; });
}

bool warned(const Answer& answer, std::string_view reason) {
  return std::ranges::any_of(answer.warnings,
                             [&](const auto& warning) { return warning.reason == reason; });
}

}  // namespace rotation_test
