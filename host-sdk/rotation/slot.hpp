// The slot as the machine sees it: the host's snapshot with its notes read.
#pragma once

#include <hub/rotation.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace hub::rotation {

/// The same text for equal JSON objects, whatever the order of their members.
std::string canonical_json(const std::string& json);

/// What a version's note says. Times in milliseconds since 1970.
struct VersionNote {
  std::string nonce{};  // 16 lower-case hex
  std::string origin = "minted";
  std::int64_t started_at = 0;
  std::int64_t lifetime_seconds = 0;  // as asked for
  std::string owner_id{};
  Scopes scopes{};
  std::string credential_id{};  // this and what follows: not in an intent
  std::int64_t creation_time = 0;
  std::int64_t expiry_time = 0;

  /// `id_key`: the member that holds the id.
  static VersionNote read(const std::string& json, const std::string& id_key);
  std::string to_json(const std::string& id_key) const;

  /// When it ends by the remote side's word; without one, creation_time and what was asked for.
  std::int64_t ends_at() const;
  /// Whether the remote side's word is that it has ended; never of one without an end.
  bool has_ended(std::int64_t now) const { return expiry_time > 0 && expiry_time <= now; }
};

/// A request for a credential without a comment that was not answered, or not yet: all by which
/// what it made can be known. Times in milliseconds since 1970.
struct Attempt {
  std::int64_t started_at = 0;
  std::int64_t lifetime_seconds = 0;  // as asked for
  std::set<std::string> known{};      // ids that were there before

  bool operator==(const Attempt&) const = default;
};

/// The slot's own note.
struct SlotNote {
  /// So many nonces fit beside everything else into the 16 KiB of a note. What falls off is the one
  /// to end first: were it still alive it would be reported, never deleted.
  static constexpr std::size_t kMaxNonces = 390;

  std::string binding;
  std::map<std::string, std::int64_t>
      nonces;  // each staged nonce, until when its credential can live
  /// Nonces of credentials that the slot does not know and that are none of its business, until
  /// they end.
  static constexpr std::size_t kMaxAccepted = 64;
  std::map<std::string, std::int64_t> accepted;
  /// By nonce, of kinds without comments. The cap on mints bounds them, and the list that ends
  /// each.
  std::map<std::string, Attempt> attempts;
  std::vector<std::int64_t> mints;  // of the last day
  std::set<std::uint64_t> leaked;   // versions that go without grace, until they are gone
  std::int64_t drift_checked_at = 0;
  std::int64_t sweep_due_at = 0;
  int clean_lists = 0;
  int failures = 0;

  bool operator==(const SlotNote&) const = default;

  static SlotNote read(const std::string& json);
  std::string to_json() const;
};

struct Slot {
  struct Version {
    std::uint64_t id = 0;
    VersionNote note;
  };
  struct Pending : Version {
    bool has_value = false;
    bool discard = false;
  };
  struct Previous : Version {
    std::optional<std::int64_t> retire_after;
    bool retiring = false;
    std::int64_t kept_until = 0;  // in this run, by the remote side's clock, whatever its grace
  };

  Kind kind{};  // of all its credentials
  std::string id;
  std::int64_t created_at = 0;
  std::int64_t now = 0;  // when this was read, by the store's clock
  std::string state;     // active, revoking, revoked
  SlotNote note;
  std::optional<Version> current;
  std::optional<Pending> pending;
  std::vector<Previous> previous;  // newest first

  bool empty() const { return !current && !pending && previous.empty(); }
  bool names(const std::string& credential_id) const {
    return version_of(credential_id).has_value();
  }
  /// The version that has this credential.
  std::optional<std::uint64_t> version_of(const std::string& credential_id) const;
  bool has_leaked(const Version& version) const { return note.leaked.contains(version.id); }

  /// Reads the snapshot of secret_begin. DATA_LOSS, SLOT_DAMAGED if it is not one.
  static Result<Slot> read(const std::string& snapshot, Kind kind);
};

}  // namespace hub::rotation
