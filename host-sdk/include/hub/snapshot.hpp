// A slot's snapshot as connectors get it.
#pragma once

#include <hub/slot_store.hpp>

#include <string>
#include <string_view>

namespace hub {
namespace detail {

inline std::string_view word(bool value) { return value ? "true" : "false"; }

inline std::string_view word(hub_slot_state state) {
  switch (state) {
    case HUB_SLOT_ACTIVE:
      return "active";
    case HUB_SLOT_REVOKED:
      return "revoked";
    default:
      return "revoking";  // also what nobody knows: nothing is minted into it
  }
}

/// `{"version": n, "note": {..}`, still open.
inline std::string opened(const SlotSnapshot::Version& version) {
  return R"({"version": )" + std::to_string(version.id) + R"(, "note": )" +
         (version.note.empty() ? "{}" : version.note);
}

}  // namespace detail

/// The JSON of connector.h, hub_call::secret_begin.
inline std::string to_json(const SlotSnapshot& slot) {
  // Ids are UUIDs and notes are JSON already, so nothing here needs escaping.
  std::string json = R"({"slot": ")" + slot.id + R"(", "created_at": )" +
                     std::to_string(slot.created_at) + R"(, "revision": )" +
                     std::to_string(slot.revision) + R"(, "now": )" + std::to_string(slot.now) +
                     R"(, "state": ")";
  json += detail::word(slot.state);
  json += R"(", "note": )" + (slot.note.empty() ? "null" : slot.note);
  json += R"(, "current": )" + (slot.current ? detail::opened(*slot.current) + "}" : "null");
  json += R"(, "pending": )";
  if (slot.pending) {
    json += detail::opened(*slot.pending) + R"(, "has_value": )";
    json += detail::word(slot.pending->has_value);
    json += R"(, "discard": )";
    json += detail::word(slot.pending->discard);
    json += "}";
  } else {
    json += "null";
  }
  json += R"(, "previous": [)";
  for (const auto& each : slot.previous) {
    if (json.back() != '[') json += ", ";
    json += detail::opened(each) + R"(, "retire_after": )" +
            (each.retire_after ? std::to_string(*each.retire_after) : "null") + R"(, "retiring": )";
    json += detail::word(each.retiring);
    json += "}";
  }
  return json + "]}";
}

}  // namespace hub
