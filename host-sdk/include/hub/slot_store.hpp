// What a host keeps for each slot, and the transaction on it: the C++ of connector.h's secret_*
// functions.
#pragma once

#include <hub/error.hpp>
#include <hub/secret.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hub {

/// A slot without its values. Notes are JSON, the connector's; an empty one was never written.
/// Times are milliseconds since 1970 by the store's clock.
struct SlotSnapshot {
  struct Version {
    std::uint64_t id = 0;
    std::string note;
  };
  struct Pending : Version {
    bool has_value = false;
    bool discard = false;
  };
  struct Previous : Version {
    std::optional<std::int64_t> retire_after;
    bool retiring = false;
  };

  std::string id;  // a lower-case UUID, made with the slot, never used again
  std::int64_t created_at = 0;
  std::uint64_t revision = 0;
  std::int64_t now = 0;
  hub_slot_state state = HUB_SLOT_ACTIVE;
  std::string note;
  std::optional<Version> current;
  std::optional<Pending> pending;
  std::vector<Previous> previous;  // newest first
};

/// Keeps slots, durably and sealed. Each function is the hub_call function of its name, with its
/// errors and reasons SLOT_BUSY, SLOT_ABSENT, LEASE_LOST, STORE_UNAVAILABLE, VERSION_ABSENT,
/// VERSION_UNUSABLE, NOTE_TOO_LARGE. An absent note (nullopt) is left as it is. Thread-safe;
/// several processes may hold one store.
class SlotStore {
 public:
  struct Begun {
    std::uint64_t fence = 0;
    SlotSnapshot snapshot;
  };
  using Note = std::optional<std::string_view>;

  virtual ~SlotStore() = default;

  virtual Result<Begun> begin(std::string_view slot, std::chrono::milliseconds lease) = 0;
  virtual Result<SlotSnapshot> look(std::string_view slot) = 0;
  virtual Result<> renew(std::string_view slot, std::uint64_t fence,
                         std::chrono::milliseconds lease) = 0;
  virtual Result<Secret> read(std::string_view slot, std::uint64_t fence,
                              std::uint64_t version) = 0;

  /// The current version's value, without a lease: secret_get of a slot.
  virtual Result<Secret> current(std::string_view slot) = 0;

  virtual Result<std::uint64_t> stage(std::string_view slot, std::uint64_t fence,
                                      const Secret* value_or_null, Note note, Note slot_note) = 0;
  virtual Result<> mark(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                        hub_mark mark, Note slot_note) = 0;
  virtual Result<> set_state(std::string_view slot, std::uint64_t fence, hub_slot_state state,
                             Note slot_note) = 0;
  virtual Result<> commit(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                          std::chrono::milliseconds grace, Note note, Note slot_note) = 0;
  virtual Result<> drop(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                        Note slot_note) = 0;
  virtual Result<> note(std::string_view slot, std::uint64_t fence, std::string_view slot_note) = 0;
  virtual Result<> end(std::string_view slot, std::uint64_t fence) = 0;
};

}  // namespace hub
