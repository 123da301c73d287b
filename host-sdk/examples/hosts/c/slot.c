/* One slot: a secret that the connector rotates, as versions with notes.
 *
 * This one is in memory, for one process with one thread. Where yours is kept, every function must
 * be one atomic write that is durable before it returns HUB_OK, values sealed, with a lease that
 * ends by the store's clock: connector.h says of each what it promises. */
#define _POSIX_C_SOURCE 200809L
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host.h"

enum { kNote = 16 * 1024, kValue = 4096, kPrevious = 8, kUuid = 36 };

struct version {
  uint64_t id; /* 0: there is none */
  int64_t retire_after;
  bool marked;       /* discard or retiring */
  size_t value_size; /* 0: an intent, which has no value yet */
  char value[kValue];
  char note[kNote + 1]; /* JSON, "" before it is written */
};

static struct {
  const char* name;
  char id[kUuid + 1];
  int64_t created_at;
  uint64_t revision, last_version;
  hub_slot_state state;
  char note[kNote + 1];
  struct version pending, current, previous[kPrevious]; /* newest first */
} slot;

void slot_make(const char* name) {
  FILE* uuid = fopen("/proc/sys/kernel/random/uuid", "r");
  if (uuid == NULL || fread(slot.id, 1, kUuid, uuid) != kUuid) abort();
  fclose(uuid);
  slot.name = name;
  slot.created_at = unix_ms();
}

void slot_report(void) {
  fprintf(stderr, "%s: %s version %" PRIu64 "\n", slot.name,
          slot.state == HUB_SLOT_ACTIVE ? "current" : "revoked, current", slot.current.id);
}

/* ---- The snapshot ---- */

/* Writes pieces until one is refused. */
struct writer {
  hub_sink sink;
  hub_status status;
};

static void put(struct writer* to, const char* json) {
  if (to->status == HUB_OK)
    to->status = to->sink.write(to->sink.context, (hub_bytes){json, strlen(json)});
}

static void put_number(struct writer* to, const char* key, int64_t value) {
  char json[64];
  snprintf(json, sizeof json, "\"%s\":%" PRId64 ",", key, value);
  put(to, json);
}

static void put_note(struct writer* to, const char* note) {
  put(to, "\"note\":");
  put(to, note[0] != '\0' ? note : "null");
}

/* An object whose further members are `more`, or null. */
static void put_version(struct writer* to, const struct version* version, const char* more) {
  if (version->id == 0) {
    put(to, "null");
    return;
  }
  put(to, "{");
  put_number(to, "version", (int64_t)version->id);
  put_note(to, version->note);
  put(to, more);
  put(to, "}");
}

static hub_status snapshot(hub_sink sink) {
  static const char* const states[] = {"active", "revoking", "revoked"};
  struct writer to = {sink, HUB_OK};
  char more[128];
  put(&to, "{\"slot\":\"");
  put(&to, slot.id);
  put(&to, "\",\"state\":\"");
  put(&to, states[slot.state]);
  put(&to, "\",");
  put_number(&to, "created_at", slot.created_at);
  put_number(&to, "revision", (int64_t)slot.revision);
  put_number(&to, "now", unix_ms());
  put_note(&to, slot.note);
  put(&to, ",\"current\":");
  put_version(&to, &slot.current, "");
  put(&to, ",\"pending\":");
  snprintf(more, sizeof more, ",\"has_value\":%s,\"discard\":%s",
           slot.pending.value_size > 0 ? "true" : "false", slot.pending.marked ? "true" : "false");
  put_version(&to, &slot.pending, more);
  put(&to, ",\"previous\":[");
  for (int i = 0; i < kPrevious && slot.previous[i].id != 0; ++i) {
    if (i > 0) put(&to, ",");
    snprintf(more, sizeof more, ",\"retire_after\":%" PRId64 ",\"retiring\":%s",
             slot.previous[i].retire_after, slot.previous[i].marked ? "true" : "false");
    put_version(&to, &slot.previous[i], more);
  }
  put(&to, "]}");
  return to.status;
}

/* ---- The functions of hub_call ---- */

static hub_status granted(const hub_call* call, hub_text name) {
  if (is(name, slot.name)) return HUB_OK;
  return refuse(call, HUB_PERMISSION_DENIED, "SECRET_NOT_GRANTED", "there is no such secret here");
}

/* What every write begins with: nothing has changed yet when it refuses. */
static hub_status held(const hub_call* call, hub_text name, uint64_t fence, hub_text note) {
  const hub_status status = granted(call, name);
  if (status != HUB_OK) return status;
  if (fence != slot.revision)
    return refuse(call, HUB_ABORTED, "LEASE_LOST", "somebody else began on the slot");
  if (note.size > kNote)
    return refuse(call, HUB_INVALID_ARGUMENT, "NOTE_TOO_LARGE", "a note has over 16 KiB");
  return HUB_OK;
}

static hub_status unusable(const hub_call* call, const char* message) {
  return refuse(call, HUB_FAILED_PRECONDITION, "VERSION_UNUSABLE", message);
}

/* What every write ends with. An absent note leaves the old one. */
static hub_status keep(char* to, hub_text note) {
  if (note.data != NULL) {
    memcpy(to, note.data, note.size);
    to[note.size] = '\0';
  }
  return HUB_OK;
}

static struct version* find(uint64_t id) {
  if (id == 0) return NULL;
  if (slot.pending.id == id) return &slot.pending;
  if (slot.current.id == id) return &slot.current;
  for (int i = 0; i < kPrevious; ++i)
    if (slot.previous[i].id == id) return &slot.previous[i];
  return NULL;
}

static hub_status absent(const hub_call* call) {
  return refuse(call, HUB_NOT_FOUND, "VERSION_ABSENT", "the slot has no such version");
}

hub_status slot_get(const hub_call* call, hub_text name, hub_sink value) {
  const hub_status status = granted(call, name);
  if (status != HUB_OK) return status;
  if (slot.current.id == 0 || slot.current.marked) return unusable(call, "there is no current one");
  return value.write(value.context, (hub_bytes){slot.current.value, slot.current.value_size});
}

hub_status slot_begin(const hub_call* call, hub_text name, int64_t lease_ms, uint64_t* fence,
                      hub_sink sink) {
  (void)lease_ms; /* nobody else could hold it */
  const hub_status status = granted(call, name);
  if (status != HUB_OK) return status;
  *fence = ++slot.revision;
  return snapshot(sink);
}

hub_status slot_look(const hub_call* call, hub_text name, hub_sink sink) {
  const hub_status status = granted(call, name);
  return status != HUB_OK ? status : snapshot(sink);
}

hub_status slot_renew(const hub_call* call, hub_text name, uint64_t fence, int64_t lease_ms) {
  (void)lease_ms;
  return held(call, name, fence, (hub_text){NULL, 0});
}

hub_status slot_read(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_sink value) {
  const hub_status status = held(call, name, fence, (hub_text){NULL, 0});
  if (status != HUB_OK) return status;
  const struct version* wanted = find(version);
  if (wanted == NULL || wanted->value_size == 0) return absent(call);
  return value.write(value.context, (hub_bytes){wanted->value, wanted->value_size});
}

hub_status slot_stage(const hub_call* call, hub_text name, uint64_t fence, hub_bytes value,
                      hub_text note, hub_text slot_note, uint64_t* version) {
  struct version* pending = &slot.pending;
  hub_status status = held(call, name, fence, slot_note);
  if (status == HUB_OK) status = held(call, name, fence, note);
  if (status != HUB_OK) return status;
  if (value.data != NULL && value.size == 0)
    return refuse(call, HUB_INVALID_ARGUMENT, "VERSION_UNUSABLE", "the value is empty");
  if (value.size > kValue)
    return refuse(call, HUB_RESOURCE_EXHAUSTED, "VERSION_UNUSABLE", "the value has over 4 KiB");
  if (pending->marked) return unusable(call, "the pending version is discarded");
  if (pending->value_size > 0 &&
      (pending->value_size != value.size || memcmp(pending->value, value.data, value.size) != 0))
    return unusable(call, "the pending version has another value");
  if (pending->id == 0) pending->id = ++slot.last_version;
  if (value.data != NULL) memcpy(pending->value, value.data, value.size);
  pending->value_size = value.size;
  *version = pending->id;
  keep(pending->note, note);
  return keep(slot.note, slot_note);
}

hub_status slot_mark(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_mark mark, hub_text slot_note) {
  const hub_status status = held(call, name, fence, slot_note);
  if (status != HUB_OK) return status;
  struct version* wanted = find(version);
  if (wanted == NULL) return absent(call);
  bool legal = false;
  if (mark == HUB_MARK_DISCARD) legal = wanted == &slot.pending;
  if (mark == HUB_MARK_RETIRING)
    legal = wanted != &slot.pending && (wanted != &slot.current || slot.state == HUB_SLOT_REVOKING);
  if (!legal) return unusable(call, "a version in this role cannot be marked so");
  wanted->marked = true;
  return keep(slot.note, slot_note);
}

hub_status slot_state(const hub_call* call, hub_text name, uint64_t fence, hub_slot_state state,
                      hub_text slot_note) {
  const hub_status status = held(call, name, fence, slot_note);
  if (status != HUB_OK) return status;
  if (state < HUB_SLOT_ACTIVE || state > HUB_SLOT_REVOKED)
    return refuse(call, HUB_INVALID_ARGUMENT, "VERSION_UNUSABLE", "a slot has no such state");
  slot.state = state;
  return keep(slot.note, slot_note);
}

hub_status slot_commit(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                       int64_t grace_ms, hub_text note, hub_text slot_note) {
  hub_status status = held(call, name, fence, slot_note);
  if (status == HUB_OK) status = held(call, name, fence, note);
  if (status != HUB_OK) return status;
  struct version* wanted = find(version);
  if (wanted == NULL) return absent(call);
  if (wanted->value_size == 0 || wanted->marked) return unusable(call, "no value, or marked");
  if (wanted != &slot.current) { /* else it was done before */
    const struct version next = *wanted;
    if (wanted == &slot.previous[0]) {
      memmove(&slot.previous[0], &slot.previous[1], sizeof slot.previous - sizeof *wanted);
      slot.previous[kPrevious - 1] = (struct version){.id = 0};
    } else if (wanted != &slot.pending) {
      return unusable(call, "neither pending nor the newest previous one");
    } else if (slot.previous[kPrevious - 1].id != 0) {
      return refuse(call, HUB_RESOURCE_EXHAUSTED, "VERSION_UNUSABLE", "too many previous ones");
    } else {
      slot.pending = (struct version){.id = 0};
    }
    if (slot.current.id != 0) {
      memmove(&slot.previous[1], &slot.previous[0], sizeof slot.previous - sizeof *wanted);
      slot.previous[0] = slot.current;
      /* Nobody but this process uses the value, so it has reached everybody. */
      slot.previous[0].retire_after = unix_ms() + grace_ms;
    }
    slot.current = next;
  }
  keep(slot.current.note, note);
  return keep(slot.note, slot_note);
}

hub_status slot_drop(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                     hub_text slot_note) {
  const hub_status status = held(call, name, fence, slot_note);
  if (status != HUB_OK) return status;
  struct version* gone = find(version);
  if (gone == &slot.current && slot.state != HUB_SLOT_REVOKING)
    return unusable(call, "it is current, and the slot is not being revoked");
  if (gone == &slot.current || gone == &slot.pending) {
    *gone = (struct version){.id = 0};
  } else if (gone != NULL) { /* else it was done before */
    const size_t behind = (size_t)(&slot.previous[kPrevious - 1] - gone);
    memmove(gone, gone + 1, behind * sizeof *gone);
    slot.previous[kPrevious - 1] = (struct version){.id = 0};
  }
  return keep(slot.note, slot_note);
}

hub_status slot_note(const hub_call* call, hub_text name, uint64_t fence, hub_text note) {
  const hub_status status = held(call, name, fence, note);
  return status != HUB_OK ? status : keep(slot.note, note);
}

hub_status slot_end(const hub_call* call, hub_text name, uint64_t fence) {
  return held(call, name, fence, (hub_text){NULL, 0});
}
