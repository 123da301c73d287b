#include <hub/rotation.hpp>

#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>

#include <sstream>

namespace hub::rotation {

std::string Answer::to_json() const {
  using Poco::JSON::Array;
  using Poco::JSON::Object;
  const auto object = [] { return Object::Ptr(new Object(Poco::JSON_PRESERVE_KEY_ORDER)); };
  const auto set_time = [](Object& into, const char* key, const std::optional<std::int64_t>& time) {
    into.set(key, time ? Poco::Dynamic::Var(*time) : Poco::Dynamic::Var());
  };

  Array done;
  for (const Done& item : did) {
    auto entry = object();
    entry->set("action", item.action);
    if (!item.id.empty()) entry->set(id_key, item.id);
    done.add(entry);
  }
  Array remaining;
  for (const Remaining& item : pending) {
    auto entry = object();
    entry->set("action", item.action);
    entry->set(id_key, item.id);
    set_time(*entry, "at", item.at);
    remaining.add(entry);
  }
  Array warned;
  for (const Warning& item : warnings) {
    auto entry = object();
    entry->set("reason", item.reason);
    entry->set("message", item.message);
    warned.add(entry);
  }

  auto answer = object();
  answer->set("state", state);
  answer->set(id_key, id ? Poco::Dynamic::Var(*id) : Poco::Dynamic::Var());
  set_time(*answer, "expiry_time", expiry_time);
  if (plan) {
    Array steps;
    for (const Planned& item : *plan) {
      auto entry = object();
      entry->set("action", item.action);
      if (!item.id.empty()) entry->set(id_key, item.id);
      entry->set("reason", item.reason);
      steps.add(entry);
    }
    answer->set("plan", steps);
  }
  answer->set("did", done);
  answer->set("pending", remaining);
  answer->set("warnings", warned);
  answer->set("next_action_at", next_action_at);
  std::ostringstream out;
  answer->stringify(out);
  return out.str();
}

}  // namespace hub::rotation
