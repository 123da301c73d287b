#include "slot.hpp"

#include <rapidjson/document.h>

#include <algorithm>
#include <stdexcept>
#include <string_view>
#include <utility>

#include "json.hpp"
#include "reasons.hpp"

namespace hub::rotation {
namespace {

using rapidjson::Document;
using rapidjson::Value;

constexpr std::int64_t kMillisecondsPerSecond = 1000;

/// It is not what was written: what it says cannot be gone by.
class Damaged : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

Document parse(const std::string& json) {
  Document document;
  rapidjson::StringStream stream(json.c_str());
  document.ParseStream<rapidjson::kParseIterativeFlag>(stream);
  if (document.HasParseError() || !document.IsObject() || stream.Tell() != json.size())
    throw Damaged("it is no JSON object");
  return document;
}

/// Nothing where it is absent or null.
const Value* find(const Value& object, std::string_view key) {
  const auto at = object.FindMember(
      Value(rapidjson::StringRef(key.data(), static_cast<rapidjson::SizeType>(key.size()))));
  return at == object.MemberEnd() || at->value.IsNull() ? nullptr : &at->value;
}

std::string text_of(const Value& value) {
  if (!value.IsString()) throw Damaged("what should be a text is none");
  return {value.GetString(), value.GetStringLength()};
}

std::int64_t integer_of(const Value& value) {
  if (!value.IsInt64()) throw Damaged("what should be an integer is none");
  return value.GetInt64();
}

std::uint64_t version_of(const Value& value) {
  if (!value.IsUint64()) throw Damaged("what should be a version is none");
  return value.GetUint64();
}

const Value& required(const Value& object, std::string_view key) {
  if (const Value* const value = find(object, key)) return *value;
  throw Damaged(std::string(key) + " is missing");
}

std::string text(const Value& object, std::string_view key, std::string otherwise = {}) {
  const Value* const value = find(object, key);
  return value == nullptr ? std::move(otherwise) : text_of(*value);
}

std::int64_t integer(const Value& object, std::string_view key) {
  const Value* const value = find(object, key);
  return value == nullptr ? 0 : integer_of(*value);
}

bool flag(const Value& object, std::string_view key) {
  const Value& value = required(object, key);
  if (!value.IsBool()) throw Damaged(std::string(key) + " is neither true nor false");
  return value.GetBool();
}

/// Nothing where it is absent or null.
const Value* find_object(const Value& object, std::string_view key) {
  const Value* const value = find(object, key);
  if (value != nullptr && !value->IsObject()) throw Damaged(std::string(key) + " is no object");
  return value;
}

/// `read` is given each element.
template <class Read>
void for_each(const Value& array, Read read) {
  if (!array.IsArray()) throw Damaged("what should be an array is none");
  for (const Value& element : array.GetArray()) read(element);
}

/// Members in the order of their names, so that equal objects have one text.
void write_sorted(Writer& writer, const Value& value) {
  if (value.IsArray()) {
    writer.StartArray();
    for (const Value& element : value.GetArray()) write_sorted(writer, element);
    writer.EndArray();
    return;
  }
  if (!value.IsObject()) {
    value.Accept(writer);
    return;
  }
  std::map<std::string_view, const Value*> members;
  for (const auto& member : value.GetObject())
    members[{member.name.GetString(), member.name.GetStringLength()}] = &member.value;
  writer.StartObject();
  for (const auto& [name, member] : members) {
    writer.Key(name.data(), static_cast<rapidjson::SizeType>(name.size()));
    write_sorted(writer, *member);
  }
  writer.EndObject();
}

std::string canonical(const Value& object) {
  return written([&](Writer& writer) { write_sorted(writer, object); });
}

using Times = std::map<std::string, std::int64_t>;
using Attempts = std::map<std::string, Attempt>;

Times read_times(const Value& object, std::string_view key) {
  Times times;
  if (const Value* const kept = find_object(object, key)) {
    for (const auto& member : kept->GetObject())
      times[text_of(member.name)] = integer_of(member.value) * kMillisecondsPerSecond;
  }
  return times;
}

/// Rounded up: a nonce must not be forgotten before its credential can be dead.
void write_in_seconds(Writer& writer, std::string_view key, const Times& times) {
  write_key(writer, key);
  writer.StartObject();
  for (const auto& [name, time] : times)
    write(writer, name, (time + kMillisecondsPerSecond - 1) / kMillisecondsPerSecond);
  writer.EndObject();
}

Attempts read_attempts(const Value& object) {
  Attempts attempts;
  if (const Value* const kept = find_object(object, "attempts")) {
    for (const auto& member : kept->GetObject()) {
      if (!member.value.IsObject()) throw Damaged("an attempt is no object");
      Attempt& read = attempts[text_of(member.name)];
      read.started_at = integer_of(required(member.value, "started_at"));
      read.lifetime_seconds = integer_of(required(member.value, "lifetime_seconds"));
      for_each(required(member.value, "known"),
               [&](const Value& id) { read.known.insert(text_of(id)); });
    }
  }
  return attempts;
}

void write_attempts(Writer& writer, const Attempts& attempts) {
  write_key(writer, "attempts");
  writer.StartObject();
  for (const auto& [nonce, attempt] : attempts) {
    write_key(writer, nonce);
    writer.StartObject();
    write(writer, "started_at", attempt.started_at);
    write(writer, "lifetime_seconds", attempt.lifetime_seconds);
    write_key(writer, "known");
    writer.StartArray();
    for (const std::string& id : attempt.known) write_text(writer, id);
    writer.EndArray();
    writer.EndObject();
  }
  writer.EndObject();
}

VersionNote read_version_note(const Value& object, const std::string& id_key) {
  VersionNote note;
  note.nonce = text(object, "nonce");
  note.origin = text(object, "origin", note.origin);
  note.started_at = integer(object, "started_at");
  note.lifetime_seconds = integer(object, "lifetime_seconds");
  note.credential_id = text(object, id_key);
  note.creation_time = integer(object, "creation_time");
  note.expiry_time = integer(object, "expiry_time");
  note.owner_id = text(object, "owner_id");
  if (const Value* const scopes = find(object, "scopes")) {
    note.scopes.emplace();
    for_each(*scopes, [&](const Value& scope) { note.scopes->push_back(text_of(scope)); });
  }
  return note;
}

SlotNote read_slot_note(const Value& object) {
  SlotNote note;
  if (const Value* const binding = find_object(object, "binding"))
    note.binding = canonical(*binding);
  note.nonces = read_times(object, "nonces");
  note.accepted = read_times(object, "accepted");
  note.attempts = read_attempts(object);
  if (const Value* const mints = find(object, "mints"))
    for_each(*mints, [&](const Value& time) { note.mints.push_back(integer_of(time)); });
  if (const Value* const leaked = find(object, "leaked"))
    for_each(*leaked, [&](const Value& version) { note.leaked.insert(version_of(version)); });
  note.drift_checked_at = integer(object, "drift_checked_at");
  note.sweep_due_at = integer(object, "sweep_due_at");
  note.clean_lists = static_cast<int>(integer(object, "clean_lists"));
  note.failures = static_cast<int>(integer(object, "failures"));
  return note;
}

Slot::Version read_version(const Value& object, const std::string& id_key) {
  const Value* const note = find_object(object, "note");
  return {version_of(required(object, "version")),
          note == nullptr ? VersionNote() : read_version_note(*note, id_key)};
}

/// A version with a value: a credential whose id was lost could never be revoked.
Slot::Version read_issued(const Value& object, const std::string& id_key) {
  Slot::Version version = read_version(object, id_key);
  if (version.note.credential_id.empty())
    throw Damaged("version " + std::to_string(version.id) + " has no " + id_key);
  return version;
}

}  // namespace

std::string canonical_json(const std::string& json) { return canonical(parse(json)); }

VersionNote VersionNote::read(const std::string& json, const std::string& id_key) {
  return json.empty() ? VersionNote() : read_version_note(parse(json), id_key);
}

std::string VersionNote::to_json(const std::string& id_key) const {
  return written([&](Writer& writer) {
    writer.StartObject();
    write(writer, "nonce", nonce);
    write(writer, "origin", origin);
    write(writer, "started_at", started_at);
    write(writer, "lifetime_seconds", lifetime_seconds);
    write(writer, "owner_id", owner_id);
    if (scopes) {
      write_key(writer, "scopes");
      writer.StartArray();
      for (const std::string& scope : *scopes) write_text(writer, scope);
      writer.EndArray();
    }
    if (!credential_id.empty()) {
      write(writer, id_key, credential_id);
      write(writer, "creation_time", creation_time);
      write(writer, "expiry_time", expiry_time);
    }
    writer.EndObject();
  });
}

std::int64_t VersionNote::ends_at() const {
  return expiry_time > 0 ? expiry_time : creation_time + lifetime_seconds * kMillisecondsPerSecond;
}

SlotNote SlotNote::read(const std::string& json) {
  return json.empty() ? SlotNote() : read_slot_note(parse(json));
}

std::string SlotNote::to_json() const {
  Times kept = nonces;
  while (kept.size() > kMaxNonces) {
    kept.erase(std::min_element(kept.begin(), kept.end(),
                                [](const auto& a, const auto& b) { return a.second < b.second; }));
  }
  return written([&](Writer& writer) {
    writer.StartObject();
    if (!binding.empty()) {
      write_key(writer, "binding");
      writer.RawValue(binding.data(), binding.size(), rapidjson::kObjectType);
    }
    write_in_seconds(writer, "nonces", kept);
    if (!accepted.empty()) write_in_seconds(writer, "accepted", accepted);
    if (!attempts.empty()) write_attempts(writer, attempts);
    write_key(writer, "mints");
    writer.StartArray();
    for (const std::int64_t time : mints) writer.Int64(time);
    writer.EndArray();
    if (!leaked.empty()) {
      write_key(writer, "leaked");
      writer.StartArray();
      for (const std::uint64_t version : leaked) writer.Uint64(version);
      writer.EndArray();
    }
    write(writer, "drift_checked_at", drift_checked_at);
    write(writer, "sweep_due_at", sweep_due_at);
    write(writer, "clean_lists", std::int64_t{clean_lists});
    write(writer, "failures", std::int64_t{failures});
    writer.EndObject();
  });
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
    const Document document = parse(snapshot);
    Slot slot;
    slot.kind = kind;
    const std::string id_key = kind.id_key();
    slot.id = text_of(required(document, "slot"));
    slot.created_at = integer_of(required(document, "created_at"));
    slot.now = integer_of(required(document, "now"));
    slot.state = text_of(required(document, "state"));
    if (const Value* const note = find_object(document, "note")) slot.note = read_slot_note(*note);
    if (const Value* const current = find_object(document, "current"))
      slot.current = read_issued(*current, id_key);
    if (const Value* const pending = find_object(document, "pending")) {
      const bool has_value = flag(*pending, "has_value");
      slot.pending = {has_value ? read_issued(*pending, id_key) : read_version(*pending, id_key),
                      has_value, flag(*pending, "discard")};
    }
    for_each(required(document, "previous"), [&](const Value& previous) {
      if (!previous.IsObject()) throw Damaged("a previous version is no object");
      std::optional<std::int64_t> retire_after;
      if (const Value* const at = find(previous, "retire_after")) retire_after = integer_of(*at);
      slot.previous.push_back(
          {read_issued(previous, id_key), retire_after, flag(previous, "retiring")});
    });
    return slot;
  } catch (const Damaged& damaged) {
    return refusal(kind, Status::kDataLoss, "SLOT_DAMAGED",
                   std::string("the slot cannot be read: ") + damaged.what());
  }
}

}  // namespace hub::rotation
