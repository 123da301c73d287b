#include "store/slot_rows.hpp"

#include <Poco/Data/LOB.h>
#include <Poco/Data/Statement.h>
#include <Poco/Nullable.h>
#include <Poco/Tuple.h>

#include <vector>

namespace sample_host {

using namespace Poco::Data::Keywords;

std::optional<Slot> SlotRows::load(std::string_view name) {
  Slot slot;
  const std::size_t found =
      (session_ << "SELECT id, created_at, revision, state, note, last_version, lease_until,"
                   " lease_holder FROM slot WHERE name = $1",
       into(slot.snapshot.id), into(slot.snapshot.created_at), into(slot.snapshot.revision),
       into(slot.snapshot.state), into(slot.snapshot.note), into(slot.last_version),
       into(slot.lease.until), into(slot.lease.holder), bind(std::string(name)))
          .execute();
  if (found == 0) return std::nullopt;
  load_versions(slot);
  return slot;
}

void SlotRows::load_versions(Slot& slot) {
  // id, role, note, has a value, marked, retire after
  using Row =
      Poco::Tuple<std::uint64_t, std::string, std::string, int, int, Poco::Nullable<std::int64_t>>;
  std::vector<Row> rows;
  session_ << "SELECT id, role, note, CASE WHEN sealed IS NULL THEN 0 ELSE 1 END, marked,"
              " retire_after FROM version WHERE slot = $1 ORDER BY rank DESC",
      into(rows), bind(slot.snapshot.id), now;

  for (const Row& row : rows) {
    const hub::SlotSnapshot::Version version{row.get<0>(), row.get<2>()};
    const bool marked = row.get<4>() != 0;
    if (row.get<1>() == "current") {
      slot.snapshot.current = version;
      slot.current_is_marked = marked;
    } else if (row.get<1>() == "pending") {
      slot.snapshot.pending = {version, row.get<3>() != 0, marked};
    } else {
      const auto& retire_after = row.get<5>();
      slot.snapshot.previous.push_back(
          {version, retire_after.isNull() ? std::nullopt : std::optional(retire_after.value()),
           marked});
    }
  }
}

void SlotRows::insert_if_absent(std::string_view name, const std::string& id,
                                std::int64_t created_at) {
  session_ << "INSERT INTO slot (name, id, created_at, revision, state, note, last_version,"
              " lease_until, lease_holder) VALUES ($1, $2, $3, 0, 0, '', 0, 0, '')"
              " ON CONFLICT (name) DO NOTHING",
      bind(std::string(name)), bind(id), bind(created_at), now;
}

void SlotRows::set_revision(const std::string& slot, std::uint64_t revision) {
  session_ << "UPDATE slot SET revision = $1 WHERE id = $2", bind(revision), bind(slot), now;
}

void SlotRows::set_lease(const std::string& slot, const Lease& lease) {
  session_ << "UPDATE slot SET lease_until = $1, lease_holder = $2 WHERE id = $3",
      bind(lease.until), bind(lease.holder), bind(slot), now;
}

void SlotRows::set_state(const std::string& slot, hub_slot_state state) {
  session_ << "UPDATE slot SET state = $1 WHERE id = $2", bind(state), bind(slot), now;
}

void SlotRows::set_note(const std::string& slot, std::string_view note) {
  session_ << "UPDATE slot SET note = $1 WHERE id = $2", bind(std::string(note)), bind(slot), now;
}

void SlotRows::insert_version(const std::string& slot, std::uint64_t version) {
  session_ << "UPDATE slot SET last_version = $1 WHERE id = $2", bind(version), bind(slot), now;
  session_ << "INSERT INTO version (slot, id, role, rank, note, marked)"
              " VALUES ($1, $2, 'pending', 0, '', 0)",
      bind(slot), bind(version), now;
}

void SlotRows::remove_version(const std::string& slot, std::uint64_t version) {
  session_ << "DELETE FROM version WHERE slot = $1 AND id = $2", bind(slot), bind(version), now;
}

void SlotRows::set_version_note(const std::string& slot, std::uint64_t version,
                                std::string_view note) {
  session_ << "UPDATE version SET note = $1 WHERE slot = $2 AND id = $3", bind(std::string(note)),
      bind(slot), bind(version), now;
}

void SlotRows::set_mark(const std::string& slot, std::uint64_t version) {
  session_ << "UPDATE version SET marked = 1 WHERE slot = $1 AND id = $2", bind(slot),
      bind(version), now;
}

void SlotRows::make_current(const std::string& slot, std::uint64_t version) {
  session_ << "UPDATE version SET role = 'current', rank = 0, retire_after = NULL"
              " WHERE slot = $1 AND id = $2",
      bind(slot), bind(version), now;
}

void SlotRows::make_previous(const std::string& slot, std::uint64_t version,
                             std::int64_t retire_after) {
  session_ << "UPDATE version SET role = 'previous', retire_after = $1,"
              " rank = (SELECT MAX(rank) + 1 FROM version WHERE slot = $2)"
              " WHERE slot = $3 AND id = $4",
      bind(retire_after), bind(slot), bind(slot), bind(version), now;
}

std::optional<std::string> SlotRows::sealed(const std::string& slot, std::uint64_t version) {
  Poco::Nullable<Poco::Data::BLOB> value;
  session_ << "SELECT sealed FROM version WHERE slot = $1 AND id = $2", into(value), bind(slot),
      bind(version), now;
  if (value.isNull()) return std::nullopt;
  return std::string(reinterpret_cast<const char*>(value.value().rawContent()),
                     value.value().size());
}

void SlotRows::set_sealed(const std::string& slot, std::uint64_t version,
                          const std::string& sealed) {
  session_ << "UPDATE version SET sealed = $1 WHERE slot = $2 AND id = $3",
      bind(Poco::Data::BLOB(reinterpret_cast<const unsigned char*>(sealed.data()), sealed.size())),
      bind(slot), bind(version), now;
}

}  // namespace sample_host
