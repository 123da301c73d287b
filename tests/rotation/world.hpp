// A small world for the rotation machine: a remote side with a ground truth, hosts that share one
// store, and a fault at any operation of a host. Before and after each operation the promises of
// host-sdk/rotation/README.md are held against the truth.
#pragma once

#include <hub/rotation.hpp>
#include <hub/testing/memory_slot_store.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host.hpp"
#include "protocol.hpp"

namespace rotation_test {

inline constexpr std::string_view kOtherSlot = "test/token";
inline constexpr std::string_view kOwner = "owner-1";
inline constexpr std::int64_t kStart = 1'800'000'000'000;  // milliseconds since 1970
inline constexpr std::int64_t kMinute = 60'000;

struct Token {
  hub::rotation::Issued issued;
  std::string value;
  bool live = true;       // not revoked; it may have expired
  std::string slot_id{};  // of the marker, or whose it is in truth where there is none
  std::string nonce{};
};

/// What Databricks' tokens are.
inline const hub::rotation::Kind kTokens{
    .noun = "token", .has_comments = true, .idle_limit_ms = 90LL * 86400 * 1000};

/// Credentials of which a list tells neither whose they are nor whether they were used.
inline const hub::rotation::Kind kSecrets{
    .noun = "secret", .has_comments = false, .idle_limit_ms = {}};

/// What the promises hang on. Tests of the tests put a broken part in.
struct Machine {
  hub::rotation::Kind kind = kTokens;
  hub::rotation::Protocol protocol{};
  bool fenced = true;            // the store refuses writes of who lost the slot
  bool leased = true;            // and keeps others out for as long as a lease lasts
  bool renew_tells = true;       // renew says that the slot was lost
  bool errors_are_told = true;   // a write that failed is not taken for one that was done
  bool gone_is_proven = true;    // no answer to a revocation is not taken for "gone"
  bool offered_is_asked = true;  // what is handed in answers for itself
};

class World {
 public:
  World();
  explicit World(const Machine& machine);
  World(const World&) = delete;

  const Machine machine;
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
  std::size_t capacity = 600;     // live tokens of one owner, as the provider has it
  bool is_full = false;           // the remote side makes no more
  bool is_crowded = false;        // somebody else makes one beside each request of ours
  bool hides_ids = false;         // the value does not tell the id
  bool refuses_fresh = false;     // verification refuses what is not current
  hub::rotation::Policy policy{.comment = "nightly export"};
  hub::testing::MemorySlotStore store;
  Host a{*this, "host-a"};
  Host b{*this, "host-b"};
  Host other{*this, "host-c", kOtherSlot};
  /// What host B does at kOvertaken and kMet.
  hub::rotation::Request meeting{.goal = hub::rotation::Goal::kRotate};
  /// Called before each operation of a host: others may act here.
  std::function<void(Host&, std::string_view operation)> before_operation;

  std::int64_t remote_now() const { return now + remote_clock_ahead; }

  /// The id that a version's note names.
  std::string id_in(const std::string& note) const;
  hub::SlotSnapshot slot(std::string_view name = kSlot);
  std::string current_id();
  /// The token whose value is `value`, revoked or not.
  const Token* by_value(std::string_view value) const;
  /// Neither revoked nor expired.
  bool is_live(const Token& token) const;
  /// Live tokens with the marker of our slot and our owner.
  std::vector<std::string> live_of_ours();
  std::size_t live_of_owner() const;
  /// What the slot names, by id, sorted.
  std::vector<std::string> known();
  /// Live tokens of ours that the slot does not know and nobody has accepted, or versions of the
  /// slot that are dead: nothing, at rest.
  std::vector<std::string> unaccounted();
  /// Live ones that the store does not know since it was restored.
  std::vector<std::string> lost_by_restore();
  Token& add(std::string id, std::string comment, std::string owner = std::string(kOwner));
  /// Somebody uses it at the remote side today.
  void use(const std::string& id);
  /// Somebody else revokes: I1 and I2 are not promised for it.
  void revoked_by_somebody(const std::string& id);
  /// Tokens that look nearly like ours and are not, which nobody may ever delete.
  void add_strangers();
  /// Somebody else makes one that lives for just what our policy says, unless that is one too many.
  void add_another();
  /// Everything that was under way arrives.
  void settle();
  /// Time passes. No request without a marker is under way for longer than it can be found.
  void pass(std::int64_t milliseconds);
  /// What a list says of it.
  hub::rotation::Issued shown(const Token& token) const;
  /// From then on the store is older than the workspace, as far as it does not know a live token.
  void restore(const hub::testing::MemorySlotStore::Backup& backup);

  /// Creates the first token with host A and forgets what was done.
  void create();
  hub::rotation::Request replace_current();

  /// Holds the promises; called after each operation.
  void check(std::string_view operation, const Host* by = nullptr);
  void violated(std::string what) { violations.push_back(std::move(what)); }
  std::vector<std::string> violations;
  int faults_so_far = 0;
  int disturbances = 0;           // faults, and leaps of a clock
  bool revocation_asked = false;  // revoke-token: I1 and I2 end

 private:
  friend class Host;

  using Kept = hub::testing::MemorySlotStore::Backup::mapped_type;

  /// Holds those promises that say what must not be asked of the remote side.
  void check_request(const Host& host, std::string_view operation, const std::string& subject);
  void check_mint(const Host& host);
  void check_revoke(const Host& host, const std::string& id);
  void check_slot(const std::string& name, const Kept& kept, const std::string& after);
  void let_readers_read(const std::string& name, const Kept& kept);
  void check_answer(const Host& host, const hub::Result<hub::rotation::Answer>& answer,
                    int disturbances_before);
  bool is_excused(const std::string& id) const { return excused_.contains(id); }
  bool is_refused(const Token& token) const;
  void add_lookalikes();
  std::int64_t next_id_ = 1;
  int next_other_ = 1;
  std::int64_t late_since_ = 0;     // the first of those that are under way, by the store's clock
  std::set<std::string> unlooked_;  // comments of mints without an outcome, and nobody listed since
  struct Reader {
    std::string slot;
    std::int64_t when;
  };
  std::map<std::string, Reader> readers_;  // by the value that was read last
  std::set<std::string> was_current_;
  std::set<std::string> excused_;
  std::set<std::string> unknown_since_restore_;
  bool restored_ = false;
  int revoked_by_somebody_ = 0;
  std::uint64_t next_random_ = 0x1000;
};

inline const hub::rotation::Request kCreate{.goal = hub::rotation::Goal::kCreate};
inline const hub::rotation::Request kRotate{.goal = hub::rotation::Goal::kRotate};
inline const hub::rotation::Request kRevokePrevious{.goal = hub::rotation::Goal::kRevokePrevious};
inline const hub::rotation::Request kRevokeAll{.goal = hub::rotation::Goal::kRevokeAll};
inline const hub::rotation::Request kSweep{.goal = hub::rotation::Goal::kSweep};
inline const hub::rotation::Request kAcceptStore{.goal = hub::rotation::Goal::kRotate,
                                                 .accept_store = true};

/// As a host asks, which has read once which token it wants replaced.
hub::rotation::Request replace(std::string id);
hub::rotation::Request replace_leaked(std::string id);
hub::rotation::Request roll_back(std::string id);
/// `value` outlives the request.
hub::rotation::Request adopt(const hub::Secret& value, std::string id = {});

bool did(const hub::rotation::Answer& answer, std::string_view action);
bool warned(const hub::rotation::Answer& answer, std::string_view reason);

}  // namespace rotation_test
