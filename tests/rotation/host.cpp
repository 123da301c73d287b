#include "host.hpp"

#include <algorithm>

#include "world.hpp"

namespace rotation_test {

using hub::Call;
using hub::Error;
using hub::Result;
using hub::Secret;
using hub::Status;
using hub::rotation::Answer;
using hub::rotation::Goal;
using hub::rotation::Issued;
using hub::rotation::Minted;
using hub::rotation::MintRequest;
using hub::rotation::Request;
using hub::rotation::Verdict;

std::string_view to_text(Fault fault) {
  constexpr std::string_view kWords[] = {"no fault",   "fail before", "fail after",
                                         "late",       "refuse",      "kill before",
                                         "kill after", "overtaken",   "met"};
  return kWords[static_cast<std::size_t>(fault)];
}

bool applies(std::string_view operation, Fault fault) {
  const bool remote = operation == "mint" || operation == "verify" || operation == "list" ||
                      operation == "find" || operation == "revoke" || operation == "owner";
  if (fault == Fault::kLate) return operation == "mint" || operation == "revoke";
  if (fault == Fault::kRefuse) return remote;
  return true;
}

Host::Host(World& world, std::string name, std::string_view slot)
    : world_(world), name_(std::move(name)), slot_(slot), store_(world.store.as_holder(name_)) {}

template <class T>
Result<T> Host::operate(std::string_view operation, const std::string& subject,
                        const std::function<Result<T>()>& effect) {
  const Error lost{.status = Status::kUnavailable,
                   .retry = hub::Retry::kSameCall,
                   .effect = hub::Effect::kUnknown,
                   .reason = "NO_ANSWER",
                   .message = "no answer to " + std::string(operation)};
  if (dead_) return lost;
  if (world_.before_operation) world_.before_operation(*this, operation);
  const Fault fault = faults ? faults(operation, operations.size()) : Fault::kNone;
  operations.emplace_back(operation);
  const bool other_acts = fault == Fault::kOvertaken || fault == Fault::kMet;
  if (fault == Fault::kOvertaken) world_.now += 10 * kMinute;
  if (fault != Fault::kNone && fault != Fault::kMet) {
    ++world_.faults_so_far;
    ++world_.disturbances;
  }
  if (other_acts) (void)world_.b.run(world_.meeting);

  const bool unheard = fault != Fault::kNone && fault != Fault::kRefuse && !other_acts;
  if (fault != Fault::kKillBefore) world_.check_request(*this, operation, subject);
  if (operation == "mint" && unheard && holds()) world_.unlooked_.insert(subject);
  if (fault == Fault::kKillBefore) dead_ = true;
  if (fault == Fault::kKillBefore || fault == Fault::kFailBefore) return lost;
  if (fault == Fault::kRefuse) {
    told_the_time_ = true;
    return Error{.status = Status::kPermissionDenied,
                 .http_status = 403,
                 .reason = "PERMISSION",
                 .message = "the workspace refused " + std::string(operation)};
  }
  if (fault == Fault::kLate) {
    if (world_.late.empty()) world_.late_since_ = world_.now;
    world_.late.emplace_back([effect] { (void)effect(); });
    return lost;
  }
  Result<T> result = effect();
  world_.check(operation, this);
  if (operation == "list" && fault == Fault::kNone) world_.unlooked_.clear();
  if (fault == Fault::kKillAfter) dead_ = true;
  if (fault == Fault::kKillAfter || fault == Fault::kFailAfter) return lost;
  return result;
}

template Result<> Host::operate<void>(std::string_view, const std::string&,
                                      const std::function<Result<>()>&);

template <class T>
Result<T> Host::ask(std::string_view operation, const std::string& subject,
                    const std::function<Result<T>()>& effect) {
  Result<T> answer = operate<T>(operation, subject, effect);
  if (answer) told_the_time_ = true;
  return answer;
}

Result<Answer> Host::run(const Request& request) {
  request_ = request;
  revoked_by_somebody_ = world_.revoked_by_somebody_;
  if (request.goal == Goal::kRevokeAll) world_.revocation_asked = true;
  const int disturbances = world_.disturbances;
  const hub_call call = call_of(*this);
  auto answer = hub::rotation::run(
      Call(&call), *this, world_.policy, slot_, request, [&] { return world_.next_random_++; },
      world_.machine.protocol);
  world_.check_answer(*this, answer, disturbances);
  return answer;
}

Result<Answer> Host::plan(const Request& request) {
  const hub_call call = call_of(*this);
  return hub::rotation::plan(Call(&call), *this, world_.policy, slot_, request);
}

void Host::revive() {
  if (dead_) store_.die();
  dead_ = false;
  told_the_time_ = false;
  faults = nullptr;
  operations.clear();
}

bool Host::holds() const { return world_.slot(slot_).revision == fence_; }

hub::rotation::Kind Host::kind() const { return world_.machine.kind; }

std::int64_t Host::now() const { return world_.remote_now() + (told_the_time_ ? 0 : clock_ahead); }

Result<std::string> Host::owner_id(Call) {
  return ask<std::string>("owner", {}, [] { return std::string(kOwner); });
}

Result<Minted> Host::mint(Call, const MintRequest& request) {
  if (world_.is_crowded) world_.add_another();
  // A late one must not look into a call that has ended.
  return ask<Minted>("mint", request.comment, [this, request]() -> Result<Minted> {
    World& world = world_;
    world.mint_comments.push_back(request.comment);
    if (world.is_full) {
      return Error{.status = Status::kResourceExhausted,
                   .reason = "FULL",
                   .message = "there are too many tokens"};
    }
    Token& token = world.add("token-" + std::to_string(world.next_id_++), request.comment);
    const std::int64_t seconds = world.granted_seconds.value_or(request.lifetime_seconds);
    if (!kind().has_comments) token.slot_id = world.slot(slot_).id;
    token.issued.expiry_time = world.no_expiry ? -1 : world.remote_now() + seconds * 1000;
    token.issued.scopes = request.scopes ? request.scopes : world.scopes;
    if (world.drops_scopes) token.issued.scopes.reset();
    if (world.reverses_scopes) std::ranges::reverse(*token.issued.scopes);
    return Minted{.value = Secret(token.value), .issued = token.issued};
  });
}

Result<Verdict> Host::verify(Call, const Secret& value, const std::string& owner_id,
                             std::int64_t creation_time) {
  return ask<Verdict>("verify", {}, [&]() -> Result<Verdict> {
    if (creation_time == 0 && !world_.machine.offered_is_asked) return Verdict{true, {}};
    const Token* token = world_.by_value(value.reveal());
    if (token == nullptr || !world_.is_live(*token) || is_elsewhere()) return Verdict{false, "401"};
    if (token->issued.owner_id != owner_id)
      return Verdict{false, "it belongs to " + token->issued.owner_id};
    if (token->issued.id == world_.refused_id) {
      if (world_.refuses_once) world_.refused_id.clear();
      return Verdict{false, "403"};
    }
    if (world_.refuses_fresh && token->issued.id != world_.current_id())
      return Verdict{false, "403"};
    if (token->issued.id != world_.current_id() && owner_id != world_.verify_as)
      return Verdict{false, "it belongs to " + world_.verify_as};
    world_.use(token->issued.id);
    return Verdict{true, {}};
  });
}

Result<std::vector<Issued>> Host::list(Call) {
  return ask<std::vector<Issued>>("list", {}, [&] {
    std::vector<Issued> listed;
    for (const auto& [id, token] : world_.tokens)
      if (token.live && !is_elsewhere()) listed.push_back(world_.shown(token));
    return listed;
  });
}

Result<std::optional<Issued>> Host::find(Call, const std::string& id) {
  return ask<std::optional<Issued>>("find", {}, [&]() -> std::optional<Issued> {
    const auto at = world_.tokens.find(id);
    if (at == world_.tokens.end() || !at->second.live || is_elsewhere()) return std::nullopt;
    return world_.shown(at->second);
  });
}

Result<> Host::revoke(Call, const std::string& id) {
  auto revoked = ask<void>("revoke", id, [this, id]() -> Result<> {
    const auto at = world_.tokens.find(id);
    if (at != world_.tokens.end() && !is_elsewhere()) at->second.live = false;
    return {};
  });
  if (!world_.machine.gone_is_proven && !dead_) return {};
  return revoked;
}

std::size_t Host::capacity() const { return world_.capacity; }

std::optional<std::string> Host::id_of(const Secret& value) const {
  const Token* token = world_.by_value(value.reveal());
  if (world_.hides_ids || token == nullptr) return std::nullopt;
  return token->issued.id;
}

Host::Faults fault_at(std::string operation, Fault fault, int nth) {
  return [=, seen = 0](std::string_view name, std::size_t) mutable {
    return name == operation && seen++ == nth ? fault : Fault::kNone;
  };
}

Host::Faults always(std::string operation, Fault fault) {
  return
      [=](std::string_view name, std::size_t) { return name == operation ? fault : Fault::kNone; };
}

}  // namespace rotation_test
