// A small world for the rotation machine: a remote side with a ground truth, hosts that share one
// store, and a fault at any operation of a host. After each operation the promises of
// host-sdk/rotation/README.md are held against the truth.
#pragma once

#include <hub/rotation.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace rotation_test {

inline constexpr std::string_view kSlot = "prod/token";
inline constexpr std::string_view kOwner = "owner-1";
inline constexpr std::int64_t kStart = 1'800'000'000'000;  // milliseconds since 1970
inline constexpr std::int64_t kMinute = 60'000;

/// What happens to one operation of a host, of the store or of the remote side.
enum class Fault {
  kNone,
  kFailBefore,  // no effect, and the host cannot tell
  kFailAfter,   // the effect, and the host cannot tell
  kLate,        // remote only: the effect comes when the world settles, and the host cannot tell
  kRefuse,      // remote only: a complete refusal, without effect
  kKillBefore,  // the host dies; nothing that it does has an effect from then on
  kKillAfter,
  kOvertaken,  // the host sleeps through its lease, and another one does a whole rotate-token
};
std::string_view to_text(Fault fault);

struct Token {
  hub::rotation::Issued issued;
  std::string value;
  bool live = true;
};

class World;

/// One process with its provider and its call. Operations are numbered from 0 since the last
/// revive().
class Host : private hub::rotation::Provider {
 public:
  using Faults = std::function<Fault(std::string_view operation, std::size_t number)>;

  Host(World& world, std::string name);

  hub::Result<hub::rotation::Answer> run(const hub::rotation::Request& request);

  /// Forgets faults and operations; a dead host comes back as a new process.
  void revive();
  bool dead() const { return dead_; }

  Faults faults;
  std::string bound_to = R"({"issue":"own","origin":"https://one.example"})";
  std::vector<std::string> operations;  // by name, in order, this run and those before it

 private:
  friend struct Functions;

  std::string binding() const override { return bound_to; }
  std::int64_t now() const override;
  hub::Result<std::string> owner_id(hub::Call) override;
  hub::Result<hub::rotation::Minted> mint(hub::Call,
                                          const hub::rotation::MintRequest& request) override;
  hub::Result<hub::rotation::Verdict> verify(hub::Call, const hub::Secret& value,
                                             const std::string& owner_id, std::int64_t) override;
  hub::Result<std::vector<hub::rotation::Issued>> list(hub::Call) override;
  hub::Result<std::optional<hub::rotation::Issued>> find(hub::Call, const std::string& id) override;
  hub::Result<> revoke(hub::Call, const std::string& id) override;
  std::size_t capacity() const override;
  std::optional<std::string> id_of(const hub::Secret& value) const override;

  template <class T>
  hub::Result<T> operate(std::string_view operation, const std::function<hub::Result<T>()>& effect);

  World& world_;
  std::string name_;
  hub::testing::MemorySlotStore store_;
  bool dead_ = false;
  bool revokes_everything_ = false;
};

class World {
 public:
  World();
  World(const World&) = delete;

  std::int64_t now = kStart;               // of the store
  std::int64_t remote_clock_ahead = 0;     // the remote side's clock minus the store's
  std::map<std::string, Token> tokens;     // by id
  std::vector<std::string> mint_comments;  // of every request that reached the remote side
  std::vector<std::function<void()>> late;
  std::optional<std::int64_t> granted_seconds;     // shorter than what was asked for
  bool no_expiry = false;                          // answers -1
  std::optional<std::vector<std::string>> scopes;  // given to what is minted without any
  bool drops_scopes = false;
  bool reverses_scopes = false;
  std::string verify_as{kOwner};  // the principal that a fresh token belongs to
  std::string refused_id;         // verification refuses this one
  bool refuses_once = false;      // and accepts it from then on
  std::size_t capacity = 600;     // live tokens of one owner
  bool hides_ids = false;         // the value does not tell the id
  bool refuses_fresh = false;     // verification refuses what is not current
  hub::rotation::Policy policy{.comment = "nightly export"};
  hub::testing::MemorySlotStore store;
  Host a{*this, "host-a"};
  Host b{*this, "host-b"};

  std::int64_t remote_now() const { return now + remote_clock_ahead; }

  hub::SlotSnapshot slot();
  std::string current_id();
  /// The id of the live-or-not token whose value is `value`.
  const Token* by_value(const std::string& value) const;
  /// Live tokens with the marker of our slot and our owner.
  std::vector<std::string> live_of_ours();
  /// What the slot names, by id, sorted.
  std::vector<std::string> known();
  Token& add(std::string id, std::string comment, std::string owner = std::string(kOwner));
  /// Somebody else revokes: I1 and I2 are not promised for it.
  void revoked_by_somebody(const std::string& id);
  /// Tokens that look nearly like ours and are not, which nobody may ever delete.
  void add_strangers();
  /// Everything that was under way arrives.
  void settle();

  /// Creates the first token with host A and forgets what was done.
  void create();
  hub::rotation::Request replace_current();

  /// Holds the promises; called after each operation.
  void check(std::string_view operation);
  std::vector<std::string> violations;
  int faults_so_far = 0;
  bool revocation_asked = false;  // revoke-token: I1 and I2 end

 private:
  friend class Host;

  std::int64_t next_id_ = 1;
  bool unlooked_ = false;  // the outcome of a mint is unknown, and nobody has listed since
  std::map<std::string, std::int64_t> last_current_;  // value -> when it was current last
  std::vector<std::string> strangers_;
  std::vector<std::string> excused_;
  std::uint64_t next_random_ = 0x1000;
};

inline const hub::rotation::Request kCreate{.goal = hub::rotation::Goal::kCreate};
inline const hub::rotation::Request kRotate{.goal = hub::rotation::Goal::kRotate};
inline const hub::rotation::Request kRevokePrevious{.goal = hub::rotation::Goal::kRevokePrevious};
inline const hub::rotation::Request kRevokeAll{.goal = hub::rotation::Goal::kRevokeAll};
inline const hub::rotation::Request kSweep{.goal = hub::rotation::Goal::kSweep};

/// The fault at the `nth` (from 0) operation of that name.
Host::Faults fault_at(std::string operation, Fault fault, int nth = 0);
/// The fault at every operation of that name.
Host::Faults always(std::string operation, Fault fault);

bool did(const hub::rotation::Answer& answer, std::string_view action);
bool warned(const hub::rotation::Answer& answer, std::string_view reason);

}  // namespace rotation_test
