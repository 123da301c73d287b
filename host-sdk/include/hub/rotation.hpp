// Rotation for connectors: how a credential is replaced without anybody noticing. What mints,
// verifies, lists and revokes it is a Provider; where its versions are kept is a slot of the host.
// See rotation/README.md.
#pragma once

#include <hub/connector.hpp>
#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hub::rotation {

/// What is rotated.
struct Kind {
  /// One lower-case word, with s for several: what messages and the texts of reasons() call it,
  /// and with _id the key of its id in an answer and in a version's note.
  std::string noun = "token";
  /// Whether it carries a comment, which mint() sets and list() shows. Without one, what a request
  /// made whose answer was lost is known by its time and its lifetime: mint() must ask for just the
  /// lifetime that it is told, and list() must show each one's creation_time and expiry_time.
  bool has_comments = true;
  /// The remote side revokes what was unused for so long. Milliseconds.
  std::optional<std::int64_t> idle_limit_ms{};

  std::string id_key() const { return noun + "_id"; }
};

/// Scopes of a credential; nothing where the remote side names none.
using Scopes = std::optional<std::vector<std::string>>;

/// A credential as the remote side lists it. Times in milliseconds since 1970.
struct Issued {
  std::string id;
  std::int64_t creation_time = 0;
  std::int64_t expiry_time = 0;  // -1: none
  std::string comment;
  std::string owner_id;
  std::optional<std::int64_t> last_used_day;  // milliseconds too, right to the day
  Scopes scopes;
};

struct Minted {
  Secret value;
  Issued issued;
};

struct MintRequest {
  std::int64_t lifetime_seconds = 0;  // the policy's, or a little less
  std::string comment;                // empty for a kind without comments
  Scopes scopes;
};

/// What a credential's own word about itself came to.
struct Verdict {
  bool accepted = false;
  std::string why;  // for a refusal: what the remote side said
};

/// The remote side, one operation each. Called on the call's thread. An Error's effect says whether
/// the remote side changed; kUnknown is what makes the machine look before it tries again.
class Provider {
 public:
  virtual ~Provider() = default;

  /// The same at each call.
  virtual Kind kind() const = 0;

  /// What the slot is bound to at its first use: a JSON object; another binding is refused from
  /// then on.
  virtual std::string binding() const = 0;

  /// The remote side's clock, as well as it is known. Milliseconds since 1970.
  virtual std::int64_t now() const = 0;

  /// The id of the principal that will own what is minted.
  virtual Result<std::string> owner_id(Call call) = 0;

  /// Makes a credential, at most one. Effect none: it was refused, nothing was made.
  virtual Result<Minted> mint(Call call, const MintRequest& request) = 0;

  /// Asks the credential itself. `creation_time`, by the remote side's clock, tells a fresh one,
  /// whose refusal counts only after the time that it needs to settle; an Error says that nothing
  /// could be learnt.
  virtual Result<Verdict> verify(Call call, const Secret& value, const std::string& owner_id,
                                 std::int64_t creation_time) = 0;

  /// Everything that may be ours, expired ones included.
  virtual Result<std::vector<Issued>> list(Call call) = 0;

  /// One credential, or nothing if it is gone.
  virtual Result<std::optional<Issued>> find(Call call, const std::string& id) = 0;

  /// Revokes. OK also if it was gone already, which must have been the remote side's own word.
  virtual Result<> revoke(Call call, const std::string& id) = 0;

  /// How many live credentials the remote side lets one owner have.
  virtual std::size_t capacity() const = 0;

  /// The id of the credential with that value, where the value tells it: a guess, which is believed
  /// only if the remote side knows a credential of that id.
  virtual std::optional<std::string> id_of(const Secret& value) const = 0;
};

/// When a previous version goes, once its grace period has passed.
enum class Retire {
  kAlways,
  kUnlessUsed,  // not while the remote side says that it is still in use; at its expiry at last
};

struct Policy {
  std::int64_t lifetime_seconds = 7776000;
  std::optional<std::int64_t>
      rotate_before_seconds{};                  // before expiry; otherwise a third of the lifetime
  std::optional<std::int64_t> grace_seconds{};  // otherwise min(24 h, lifetime / 6)
  Retire retire = Retire::kAlways;
  std::string comment{};  // the user's part of each comment
  Scopes scopes{};        // of the first credential; a replacement gets its predecessor's

  /// INVALID_ARGUMENT, POLICY_INVALID: a policy under which no moment would be right to rotate.
  Result<> check() const;
};

enum class Goal {
  kCreate,
  kRotate,
  kRollback,  // the newest previous one becomes current again
  kAdopt,     // what somebody made by hand becomes current
  kRevokePrevious,
  kRevokeAll,
  kSweep,
};

struct Request {
  Goal goal = Goal::kRotate;
  bool now = false;  // kRotate: replace current even if it is not due
  /// With `now`, kRollback: what is to be current no more, by its id; met once it is not.
  std::string replace{};
  bool leaked = false;  // kRotate: replace it now, and revoke it at once, whoever uses it
  /// kCreate, kRotate: the store, which is older than the remote side, is what counts from now on.
  /// What it does not know is left alone until it expires. So it is after an adoption.
  bool accept_store = false;
  const Secret* adopt = nullptr;  // kAdopt: the value; outlives the call
  std::string adopt_id{};         // kAdopt: its id, where neither value nor remote side tell it
};

/// What was done, or would be, and what remains. Times in milliseconds since 1970.
struct Answer {
  /// One step of a plan.
  struct Planned {
    std::string action;  // reconcile, drop, verify, commit, mint, revoke, sweep
    std::string id;      // may be empty
    std::string reason;
  };
  struct Done {
    std::string action;  // minted, adopted, committed, revoked, orphan-revoked, swept
    std::string id;      // may be empty
  };
  struct Remaining {
    std::string action;  // revoke
    std::string id;
    std::optional<std::int64_t> at;  // nothing: as soon as the new one has reached everybody
  };
  struct Warning {
    std::string reason;
    std::string message;
  };

  std::string state;                         // the slot's: active, revoking, revoked
  std::optional<std::string> id;             // the current one's, as is its expiry
  std::optional<std::int64_t> expiry_time;   // as it was granted, or by its lifetime
  std::optional<std::vector<Planned>> plan;  // of plan() alone
  std::vector<Done> did;
  std::vector<Remaining> pending;
  std::vector<Warning> warnings;
  std::int64_t next_action_at = 0;
  std::string id_key;  // of each id in the text: the kind's noun with _id

  std::string to_json() const;
};

/// One of the reasons of the machine's own errors, in the words of a kind.
struct OwnReason {
  std::string reason;
  std::string summary;
  std::string hint;
};

/// All that a kind can meet, for describe(). The operations that hints name are, for the noun
/// "token": create-token, rotate-token, list-tokens, sweep; for kinds with comments adopt-token and
/// rotate-token's and create-token's accept_store as well.
std::vector<OwnReason> reasons(const Kind& kind);

/// Does whatever is due for `slot` and says when it wants to be called next. Harmless to call
/// twice, from two hosts, or again after a crash at any point. `random` gives 64 random bits.
/// Reasons of its own: NO_CURRENT, CURRENT_EXISTS, SLOT_REVOKED, SLOT_BELONGS_ELSEWHERE,
/// STORE_OLDER_THAN_WORKSPACE, MINT_CAP_REACHED, CAPACITY_REACHED, UNKNOWN_MINT, HOST_OVERSLEPT,
/// VERIFICATION_FAILED, DEAD_CURRENT, ROLLBACK_IMPOSSIBLE, ADOPTION_REFUSED, ADOPTED_ID_UNKNOWN,
/// SLOT_DAMAGED; the provider's and the store's pass through.
Result<Answer> run(Call call, Provider& provider, const Policy& policy, std::string_view slot,
                   const Request& request, const std::function<std::uint64_t()>& random);

/// What run() would do with a kRotate request, and why. Takes no lease and changes nothing, neither
/// in the slot nor at the remote side; looks at the current one there when run() would.
Result<Answer> plan(Call call, Provider& provider, const Policy& policy, std::string_view slot,
                    const Request& request);

/// Whether `comment` carries the marker of `slot_id`, as list operations show it. If so, it ends
/// with the marker's nonce, of kNonceSize characters.
bool is_marked(std::string_view comment, std::string_view slot_id);
inline constexpr std::size_t kNonceSize = 16;

/// A user's part of a comment that could be taken for a marker. INVALID_ARGUMENT, COMMENT_INVALID.
Result<> check_comment(std::string_view comment);

}  // namespace hub::rotation
