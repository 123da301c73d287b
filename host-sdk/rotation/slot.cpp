#include "slot.hpp"

#include <Poco/Exception.h>
#include <Poco/JSON/Array.h>
#include <Poco/JSON/Object.h>
#include <Poco/JSON/Parser.h>

#include <algorithm>
#include <sstream>

#include "reasons.hpp"

namespace hub::rotation {
namespace {

using Poco::JSON::Array;
using Poco::JSON::Object;

constexpr std::int64_t kMillisecondsPerSecond = 1000;

Object::Ptr parse(const std::string& json) {
  return Poco::JSON::Parser().parse(json).extract<Object::Ptr>();
}

std::string text_of(const Object& object) {
  std::ostringstream out;
  object.stringify(out);
  return out.str();
}

std::string note_text(const Object& object) {
  return object.isObject("note") ? text_of(*object.getObject("note")) : std::string();
}

using Times = std::map<std::string, std::int64_t>;

Times read_times(const Object& object, const std::string& member) {
  Times times;
  if (const Object::Ptr kept = object.getObject(member)) {
    for (const auto& [key, time] : *kept)
      times[key] = time.convert<std::int64_t>() * kMillisecondsPerSecond;
  }
  return times;
}

/// Rounded up: a nonce must not be forgotten before its credential can be dead.
Object in_seconds(const Times& times) {
  Object object;
  for (const auto& [key, time] : times)
    object.set(key, (time + kMillisecondsPerSecond - 1) / kMillisecondsPerSecond);
  return object;
}

using Attempts = std::map<std::string, Attempt>;

Attempts read_attempts(const Object& object) {
  Attempts attempts;
  const Object::Ptr kept = object.getObject("attempts");
  if (!kept) return attempts;
  for (const auto& [nonce, value] : *kept) {
    const auto& attempt = *value.extract<Object::Ptr>();
    Attempt& read = attempts[nonce];
    read.started_at = attempt.getValue<std::int64_t>("started_at");
    read.lifetime_seconds = attempt.getValue<std::int64_t>("lifetime_seconds");
    for (const auto& id : *attempt.getArray("known")) read.known.insert(id.convert<std::string>());
  }
  return attempts;
}

Object to_object(const Attempts& attempts) {
  Object object;
  for (const auto& [nonce, attempt] : attempts) {
    Array known;
    for (const std::string& id : attempt.known) known.add(id);
    Object kept(Poco::JSON_PRESERVE_KEY_ORDER);
    kept.set("started_at", attempt.started_at);
    kept.set("lifetime_seconds", attempt.lifetime_seconds);
    kept.set("known", known);
    object.set(nonce, kept);
  }
  return object;
}

Slot::Version read_version(const Object& object, const std::string& id_key) {
  return {object.getValue<std::uint64_t>("version"), VersionNote::read(note_text(object), id_key)};
}

/// A version with a value: a credential whose id was lost could never be revoked.
Slot::Version read_issued(const Object& object, const std::string& id_key) {
  Slot::Version version = read_version(object, id_key);
  if (version.note.credential_id.empty()) {
    throw Poco::DataFormatException("version " + std::to_string(version.id) + " has no " + id_key);
  }
  return version;
}

}  // namespace

std::string canonical_json(const std::string& json) { return text_of(*parse(json)); }

VersionNote VersionNote::read(const std::string& json, const std::string& id_key) {
  VersionNote note;
  if (json.empty()) return note;
  const Object::Ptr object = parse(json);
  note.nonce = object->optValue<std::string>("nonce", "");
  note.origin = object->optValue<std::string>("origin", note.origin);
  note.started_at = object->optValue<std::int64_t>("started_at", 0);
  note.lifetime_seconds = object->optValue<std::int64_t>("lifetime_seconds", 0);
  note.credential_id = object->optValue<std::string>(id_key, "");
  note.creation_time = object->optValue<std::int64_t>("creation_time", 0);
  note.expiry_time = object->optValue<std::int64_t>("expiry_time", 0);
  note.owner_id = object->optValue<std::string>("owner_id", "");
  if (const Array::Ptr scopes = object->getArray("scopes")) {
    note.scopes.emplace();
    for (const auto& scope : *scopes) note.scopes->push_back(scope.convert<std::string>());
  }
  return note;
}

std::string VersionNote::to_json(const std::string& id_key) const {
  Object object(Poco::JSON_PRESERVE_KEY_ORDER);
  object.set("nonce", nonce);
  object.set("origin", origin);
  object.set("started_at", started_at);
  object.set("lifetime_seconds", lifetime_seconds);
  object.set("owner_id", owner_id);
  if (scopes) {
    Array array;
    for (const std::string& scope : *scopes) array.add(scope);
    object.set("scopes", array);
  }
  if (!credential_id.empty()) {
    object.set(id_key, credential_id);
    object.set("creation_time", creation_time);
    object.set("expiry_time", expiry_time);
  }
  return text_of(object);
}

std::int64_t VersionNote::ends_at() const {
  return expiry_time > 0 ? expiry_time : creation_time + lifetime_seconds * kMillisecondsPerSecond;
}

SlotNote SlotNote::read(const std::string& json) {
  SlotNote note;
  if (json.empty()) return note;
  const Object::Ptr object = parse(json);
  if (object->isObject("binding")) note.binding = text_of(*object->getObject("binding"));
  note.nonces = read_times(*object, "nonces");
  note.accepted = read_times(*object, "accepted");
  note.attempts = read_attempts(*object);
  if (const Array::Ptr mints = object->getArray("mints")) {
    for (const auto& time : *mints) note.mints.push_back(time.convert<std::int64_t>());
  }
  if (const Array::Ptr leaked = object->getArray("leaked")) {
    for (const auto& version : *leaked) note.leaked.insert(version.convert<std::uint64_t>());
  }
  note.drift_checked_at = object->optValue<std::int64_t>("drift_checked_at", 0);
  note.sweep_due_at = object->optValue<std::int64_t>("sweep_due_at", 0);
  note.clean_lists = object->optValue<int>("clean_lists", 0);
  note.failures = object->optValue<int>("failures", 0);
  return note;
}

std::string SlotNote::to_json() const {
  std::map<std::string, std::int64_t> kept = nonces;
  while (kept.size() > kMaxNonces) {
    kept.erase(std::min_element(kept.begin(), kept.end(),
                                [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  Array times;
  for (const std::int64_t time : mints) times.add(time);

  Object object(Poco::JSON_PRESERVE_KEY_ORDER);
  if (!binding.empty()) object.set("binding", parse(binding));
  object.set("nonces", in_seconds(kept));
  if (!accepted.empty()) object.set("accepted", in_seconds(accepted));
  if (!attempts.empty()) object.set("attempts", to_object(attempts));
  object.set("mints", times);
  if (!leaked.empty()) {
    Array versions;
    for (const std::uint64_t version : leaked) versions.add(version);
    object.set("leaked", versions);
  }
  object.set("drift_checked_at", drift_checked_at);
  object.set("sweep_due_at", sweep_due_at);
  object.set("clean_lists", clean_lists);
  object.set("failures", failures);
  return text_of(object);
}

std::optional<std::uint64_t> Slot::version_of(const std::string& credential_id) const {
  if (credential_id.empty()) return std::nullopt;  // an intent has none yet
  const auto is = [&](const Version& version) {
    return version.note.credential_id == credential_id;
  };
  if (current && is(*current)) return current->id;
  if (pending && is(*pending)) return pending->id;
  const auto found = std::find_if(previous.begin(), previous.end(), is);
  return found == previous.end() ? std::nullopt : std::optional(found->id);
}

Result<Slot> Slot::read(const std::string& snapshot, Kind kind) {
  try {
    const Object::Ptr object = parse(snapshot);
    Slot slot;
    slot.kind = kind;
    const std::string id_key = kind.id_key();
    slot.id = object->getValue<std::string>("slot");
    slot.created_at = object->getValue<std::int64_t>("created_at");
    slot.now = object->getValue<std::int64_t>("now");
    slot.state = object->getValue<std::string>("state");
    slot.note = SlotNote::read(note_text(*object));
    if (object->isObject("current"))
      slot.current = read_issued(*object->getObject("current"), id_key);
    if (object->isObject("pending")) {
      const Object::Ptr pending = object->getObject("pending");
      const bool has_value = pending->getValue<bool>("has_value");
      slot.pending = {has_value ? read_issued(*pending, id_key) : read_version(*pending, id_key),
                      has_value, pending->getValue<bool>("discard")};
    }
    for (const auto& item : *object->getArray("previous")) {
      const Object::Ptr previous = item.extract<Object::Ptr>();
      std::optional<std::int64_t> retire_after;
      if (!previous->isNull("retire_after")) {
        retire_after = previous->getValue<std::int64_t>("retire_after");
      }
      slot.previous.push_back(
          {read_issued(*previous, id_key), retire_after, previous->getValue<bool>("retiring")});
    }
    return slot;
  } catch (const Poco::Exception& thrown) {
    return refusal(kind, Status::kDataLoss, "SLOT_DAMAGED",
                   "the slot cannot be read: " + thrown.displayText());
  }
}

}  // namespace hub::rotation
