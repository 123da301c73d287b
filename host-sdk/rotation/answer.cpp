#include <hub/rotation.hpp>

#include "json.hpp"

namespace hub::rotation {
namespace {

void write_time(Writer& writer, std::string_view key, const std::optional<std::int64_t>& time) {
  write_key(writer, key);
  time ? writer.Int64(*time) : writer.Null();
}

/// `write` writes the members of the object that each of `items` becomes.
template <class Items, class Write>
void write_all(Writer& writer, std::string_view key, const Items& items, Write write) {
  write_key(writer, key);
  writer.StartArray();
  for (const auto& item : items) {
    writer.StartObject();
    write(item);
    writer.EndObject();
  }
  writer.EndArray();
}

}  // namespace

std::string Answer::to_json() const {
  return written([&](Writer& writer) {
    const auto write_id = [&](const std::string& of) {
      if (!of.empty()) write(writer, id_key, of);
    };
    writer.StartObject();
    write(writer, "state", state);
    write_key(writer, id_key);
    id ? write_text(writer, *id) : static_cast<void>(writer.Null());
    write_time(writer, "expiry_time", expiry_time);
    if (plan) {
      write_all(writer, "plan", *plan, [&](const Planned& item) {
        write(writer, "action", item.action);
        write_id(item.id);
        write(writer, "reason", item.reason);
      });
    }
    write_all(writer, "did", did, [&](const Done& item) {
      write(writer, "action", item.action);
      write_id(item.id);
    });
    write_all(writer, "pending", pending, [&](const Remaining& item) {
      write(writer, "action", item.action);
      write(writer, id_key, item.id);
      write_time(writer, "at", item.at);
    });
    write_all(writer, "warnings", warnings, [&](const Warning& item) {
      write(writer, "reason", item.reason);
      write(writer, "message", item.message);
    });
    write(writer, "next_action_at", next_action_at);
    writer.EndObject();
  });
}

}  // namespace hub::rotation
