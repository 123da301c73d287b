// The store of a sample-host, by the clock of the test.
#pragma once

#include <filesystem>
#include <memory>
#include <utility>

#include "crash/clock.hpp"
#include "store/database_slot_store.hpp"
#include "store/sqlite_database.hpp"

namespace crash {

class ClockedDatabase : public sample_host::SqliteDatabase {
 public:
  ClockedDatabase(std::filesystem::path file, const Clock& clock)
      : SqliteDatabase(std::move(file)), clock_(clock) {}
  std::int64_t now() override { return clock_.now(); }

 private:
  const Clock& clock_;
};

/// Opens or makes the store in the directory. Throws hub::Refused.
inline std::unique_ptr<hub::SlotStore> open_store(const std::filesystem::path& directory,
                                                  const Clock& clock) {
  return std::make_unique<sample_host::DatabaseSlotStore>(
      std::make_unique<ClockedDatabase>(directory / "slots.db", clock), directory / "slots.key");
}

}  // namespace crash
