// The slots of a host, or of several, in a database; values sealed under a key file.
#pragma once

#include <hub/slot_store.hpp>

#include <filesystem>
#include <memory>

#include "store/database.hpp"

namespace sample_host {

/// Several processes may use one store, and several hosts where the database allows it; a lease
/// whose holder has died on this machine is free at once. Notes, of slots and of versions, are at
/// most 16 KiB.
class DatabaseSlotStore : public hub::SlotStore {
 public:
  /// Opens the store, or makes it and its key file; see open_tables(). Throws hub::Refused.
  DatabaseSlotStore(std::unique_ptr<Database> database, const std::filesystem::path& key_file);
  ~DatabaseSlotStore() override;

  hub::Result<Begun> begin(std::string_view slot, std::chrono::milliseconds lease) override;
  hub::Result<hub::SlotSnapshot> look(std::string_view slot) override;
  hub::Result<> renew(std::string_view slot, std::uint64_t fence,
                      std::chrono::milliseconds lease) override;
  hub::Result<hub::Secret> read(std::string_view slot, std::uint64_t fence,
                                std::uint64_t version) override;
  hub::Result<hub::Secret> current(std::string_view slot) override;
  hub::Result<std::uint64_t> stage(std::string_view slot, std::uint64_t fence,
                                   const hub::Secret* value_or_null, Note note,
                                   Note slot_note) override;
  hub::Result<> mark(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                     hub_mark mark, Note slot_note) override;
  hub::Result<> set_state(std::string_view slot, std::uint64_t fence, hub_slot_state state,
                          Note slot_note) override;
  hub::Result<> commit(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                       std::chrono::milliseconds grace, Note note, Note slot_note) override;
  hub::Result<> drop(std::string_view slot, std::uint64_t fence, std::uint64_t version,
                     Note slot_note) override;
  hub::Result<> note(std::string_view slot, std::uint64_t fence,
                     std::string_view slot_note) override;
  hub::Result<> end(std::string_view slot, std::uint64_t fence) override;

 private:
  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace sample_host
