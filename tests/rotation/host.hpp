// One process of the world: its provider, its hub_call, and what goes wrong with either.
#pragma once

#include <hub/rotation.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace rotation_test {

inline constexpr std::string_view kSlot = "prod/token";
inline constexpr std::string_view kBinding = R"({"issue":"own","origin":"https://one.example"})";

/// What happens to one operation of a host, of the store or of the remote side.
enum class Fault {
  kNone,
  kFailBefore,  // no effect, and the host cannot tell
  kFailAfter,   // the effect, and the host cannot tell
  kLate,        // remote only: the effect comes when the world settles, and the host cannot tell
  kRefuse,      // remote only: a complete refusal, without effect
  kKillBefore,  // the host dies; nothing that it does has an effect from then on
  kKillAfter,
  kOvertaken,  // the host sleeps through its lease, and another one makes a whole call
  kMet,        // another one makes a whole call, and no time passes: no fault of anybody
};
std::string_view to_text(Fault fault);

/// Whether that can happen to an operation of that name.
bool applies(std::string_view operation, Fault fault);

class World;

/// Operations are numbered from 0 since the last revive().
class Host : private hub::rotation::Provider {
 public:
  using Faults = std::function<Fault(std::string_view operation, std::size_t number)>;

  Host(World& world, std::string name, std::string_view slot = kSlot);

  hub::Result<hub::rotation::Answer> run(const hub::rotation::Request& request);
  hub::Result<hub::rotation::Answer> plan(const hub::rotation::Request& request);

  /// Forgets faults and operations; a dead host comes back as a new process.
  void revive();
  bool dead() const { return dead_; }

  Faults faults;
  std::string bound_to{kBinding};
  std::int64_t clock_ahead = 0;         // of the remote side's, until that first answers
  std::vector<std::string> operations;  // by name, in order, this run and those before it

 private:
  friend struct Functions;
  friend class World;

  hub::rotation::Kind kind() const override;
  std::string binding() const override { return bound_to; }
  std::int64_t now() const override;
  hub::Result<std::string> owner_id(hub::Call) override;
  hub::Result<hub::rotation::Minted> mint(hub::Call,
                                          const hub::rotation::MintRequest& request) override;
  hub::Result<hub::rotation::Verdict> verify(hub::Call, const hub::Secret& value,
                                             const std::string& owner_id,
                                             std::int64_t creation_time) override;
  hub::Result<std::vector<hub::rotation::Issued>> list(hub::Call) override;
  hub::Result<std::optional<hub::rotation::Issued>> find(hub::Call, const std::string& id) override;
  hub::Result<> revoke(hub::Call, const std::string& id) override;
  std::size_t capacity() const override;
  std::optional<std::string> id_of(const hub::Secret& value) const override;

  /// `subject`: the comment of what is minted, the id of what is revoked.
  template <class T>
  hub::Result<T> operate(std::string_view operation, const std::string& subject,
                         const std::function<hub::Result<T>()>& effect);
  /// What the remote side answers, from which its time is known.
  template <class T>
  hub::Result<T> ask(std::string_view operation, const std::string& subject,
                     const std::function<hub::Result<T>()>& effect);

  /// Whether the slot is still this host's.
  bool holds() const;
  bool is_elsewhere() const { return bound_to != kBinding; }

  World& world_;
  std::string name_;
  std::string slot_;
  hub::testing::MemorySlotStore store_;
  bool dead_ = false;
  bool told_the_time_ = false;
  hub::rotation::Request request_;
  std::uint64_t fence_ = 0;      // of this call
  int revoked_by_somebody_ = 0;  // when this call began
};

/// hub_call over the host's store; `context` is the Host.
hub_call call_of(Host& host);

/// The fault at the `nth` (from 0) operation of that name.
Host::Faults fault_at(std::string operation, Fault fault, int nth = 0);
/// The fault at every operation of that name.
Host::Faults always(std::string operation, Fault fault);

}  // namespace rotation_test
