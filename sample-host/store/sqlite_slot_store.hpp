// The slots of a host in one SQLite database, values sealed under a key file.
#pragma once

#include <hub/slot_store.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>

namespace sample_host {

/// Several processes of one machine may hold one store; not across fork(). A lease whose holder
/// has died is free at once. Notes, of slots and of versions, are at most 16 KiB.
class SqliteSlotStore : public hub::SlotStore {
 public:
  using Clock = std::function<std::int64_t()>;  // milliseconds since 1970

  /// Opens the store, or makes it: both files with mode 0600, the key first. A store without its
  /// key file is refused, so that nobody takes a new key for the lost one; a new store beside a key
  /// file uses that one, for a key that has sealed nothing here can give nothing away. Throws
  /// hub::Refused.
  SqliteSlotStore(const std::filesystem::path& file, const std::filesystem::path& key_file,
                  Clock clock = system_clock);
  ~SqliteSlotStore() override;

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
  static std::int64_t system_clock();

  struct State;
  const std::unique_ptr<State> state_;
};

}  // namespace sample_host
