#include "crash/scripted_host.hpp"

#include <signal.h>

#include <optional>
#include <utility>

#include "crash/store.hpp"

namespace crash {

using hub::Result;
using std::chrono::milliseconds;

/// Numbers the plugin's calls and does the harm.
class ScriptedHost::Calls {
 public:
  explicit Calls(const Harm& harm) : harm_(harm) {}

  template <class Effect>
  auto make(const char* name, Effect effect) -> decltype(effect()) {
    const bool is_meant = harm_.kind != Harm::Kind::kNone && made.size() == harm_.at;
    made.emplace_back(name);
    if (is_meant && !harm_.after) {
      if (auto error = strike()) return *std::move(error);
    }
    auto result = effect();
    if (is_meant && harm_.after) {
      if (auto error = strike()) return *std::move(error);
    }
    return result;
  }

  std::vector<std::string> made;

 private:
  std::optional<hub::Error> strike() const {
    if (harm_.kind == Harm::Kind::kFail) {
      return hub::Error{.status = hub::Status::kUnavailable,
                        .retry = hub::Retry::kSameCall,
                        .effect = hub::Effect::kUnknown,
                        .reason = "STORE_UNAVAILABLE",
                        .message = "the disk is full",
                        .hint = "make room"};
    }
    ::raise(harm_.kind == Harm::Kind::kKill ? SIGKILL : SIGSTOP);
    return std::nullopt;
  }

  const Harm harm_;
};

/// The store, each call of it numbered.
class ScriptedHost::Slots : public hub::SlotStore {
 public:
  Slots(const std::filesystem::path& directory, const Clock& clock, Calls& calls)
      : store_(open_store(directory, clock)), calls_(calls) {}

  Result<Begun> begin(std::string_view slot, milliseconds lease) override {
    return calls_.make("begin", [&] { return store_->begin(slot, lease); });
  }
  Result<hub::SlotSnapshot> look(std::string_view slot) override {
    return calls_.make("look", [&] { return store_->look(slot); });
  }
  Result<> renew(std::string_view slot, std::uint64_t fence, milliseconds lease) override {
    return calls_.make("renew", [&] { return store_->renew(slot, fence, lease); });
  }
  Result<hub::Secret> read(std::string_view slot, std::uint64_t fence,
                           std::uint64_t version) override {
    return calls_.make("read", [&] { return store_->read(slot, fence, version); });
  }
  Result<hub::Secret> current(std::string_view slot) override {
    return calls_.make("current", [&] { return store_->current(slot); });
  }
  Result<std::uint64_t> stage(std::string_view slot, std::uint64_t fence,
                              const hub::Secret* value_or_null, Note note,
                              Note slot_note) override {
    return calls_.make(value_or_null == nullptr ? "stage-intent" : "stage-value",
                       [&] { return store_->stage(slot, fence, value_or_null, note, slot_note); });
  }
  Result<> mark(std::string_view slot, std::uint64_t fence, std::uint64_t version, hub_mark mark,
                Note slot_note) override {
    return calls_.make("mark", [&] { return store_->mark(slot, fence, version, mark, slot_note); });
  }
  Result<> set_state(std::string_view slot, std::uint64_t fence, hub_slot_state state,
                     Note slot_note) override {
    return calls_.make("state", [&] { return store_->set_state(slot, fence, state, slot_note); });
  }
  Result<> commit(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                  milliseconds grace, Note note, Note slot_note) override {
    return calls_.make(
        "commit", [&] { return store_->commit(slot, fence, version, grace, note, slot_note); });
  }
  Result<> drop(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                Note slot_note) override {
    return calls_.make("drop", [&] { return store_->drop(slot, fence, version, slot_note); });
  }
  Result<> note(std::string_view slot, std::uint64_t fence, std::string_view slot_note) override {
    return calls_.make("note", [&] { return store_->note(slot, fence, slot_note); });
  }
  Result<> end(std::string_view slot, std::uint64_t fence) override {
    return calls_.make("end", [&] { return store_->end(slot, fence); });
  }

 private:
  const std::unique_ptr<hub::SlotStore> store_;
  Calls& calls_;
};

ScriptedHost::ScriptedHost(const Clock& clock)
    : HostServices("crash", "1.0.0"), clock_(clock), library_(*this, CONNECTOR) {}

ScriptedHost::~ScriptedHost() = default;

void ScriptedHost::prepare(const Order& order) {
  if (!manifests_.contains(order.connection))
    manifests_.emplace(order.connection, hub::ConnectionManifest::read(order.connection));
}

Outcome ScriptedHost::carry_out(const Order& order) {
  credential_ = order.credential;
  calls_ = std::make_unique<Calls>(order.harm);
  slots_ = std::make_unique<Slots>(order.store, clock_, *calls_);
  const auto connection = library_.open(manifests_.at(order.connection));
  hub::CallOptions options;
  options.timeout = order.timeout;
  const auto response = connection->invoke(order.operation, order.request, options);
  Outcome outcome{.calls = calls_->made};
  if (!response) {
    outcome.reason = response.error().reason;
    outcome.message = response.error().message;
  }
  slots_.reset();  // closed in order, as a program that ends does
  return outcome;
}

Result<hub::Secret> ScriptedHost::credential(const std::string& reference) {
  return calls_->make("credential", [&]() -> Result<hub::Secret> {
    return hub::Secret(reference == kAdoptReference ? kMadeByHand : credential_);
  });
}

hub::SlotStore& ScriptedHost::slots() { return *slots_; }

milliseconds ScriptedHost::now() const { return milliseconds(clock_.now()); }

}  // namespace crash
