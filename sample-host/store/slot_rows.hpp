// The rows of slots and versions: all of a store's SQL but its tables, in words that SQLite and
// PostgreSQL share.
#pragma once

#include <hub/slot_store.hpp>

#include <Poco/Data/Session.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sample_host {

struct Lease {
  std::int64_t until = 0;  // milliseconds since 1970
  std::string holder{};    // empty: nobody, or somebody who could not tell
};

struct Slot {
  hub::SlotSnapshot snapshot;  // without `now`
  bool current_is_marked = false;
  std::uint64_t last_version = 0;  // the highest id that a version of the slot ever had
  Lease lease;
};

/// Works within the transaction that the session is in. Slots are named by their id, but for
/// load() and insert_if_absent(). Throws Poco::Exception.
class SlotRows {
 public:
  explicit SlotRows(Poco::Data::Session& session) : session_(session) {}

  std::optional<Slot> load(std::string_view name);
  void insert_if_absent(std::string_view name, const std::string& id, std::int64_t created_at);
  void set_revision(const std::string& slot, std::uint64_t revision);
  void set_lease(const std::string& slot, const Lease& lease);
  void set_state(const std::string& slot, hub_slot_state state);
  void set_note(const std::string& slot, std::string_view note);

  /// As pending, without a value.
  void insert_version(const std::string& slot, std::uint64_t version);
  void remove_version(const std::string& slot, std::uint64_t version);
  void set_version_note(const std::string& slot, std::uint64_t version, std::string_view note);
  void set_mark(const std::string& slot, std::uint64_t version);
  void make_current(const std::string& slot, std::uint64_t version);
  /// The newest of them.
  void make_previous(const std::string& slot, std::uint64_t version, std::int64_t retire_after);

  /// Nothing if there is no such version or it has no value.
  std::optional<std::string> sealed(const std::string& slot, std::uint64_t version);
  void set_sealed(const std::string& slot, std::uint64_t version, const std::string& sealed);

 private:
  void load_versions(Slot& slot);

  Poco::Data::Session& session_;
};

}  // namespace sample_host
