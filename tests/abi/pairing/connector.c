/* A connector that calls each function of its host, and says what it found: one of a pairing. */
#define _DEFAULT_SOURCE
#include <stdio.h>

#include "at_edge.h"

struct hub_instance {
  int opened;
};

static const hub_host* host;
static hub_instance only = {0};

static hub_status swallow(void* context, hub_bytes chunk) {
  *(size_t*)context += chunk.size;
  return HUB_OK;
}

static void on_cancel(void* argument) { (void)argument; }

static hub_status describe(hub_sink description) {
  return description.write(description.context, (hub_bytes){"{}", 2});
}

static hub_status start(const hub_host* lent, const hub_call* call) {
  host = lent;
  call->log(call, HUB_LOG_INFO, text("start"));
  return host->now_unix_ms(host) > 0 && host->now_monotonic_ns(host) > 0 &&
                 host->query(host, "hub.none/1") == NULL
             ? HUB_OK
             : HUB_INTERNAL;
}

static void stop(void) { host->log(host, HUB_LOG_INFO, text("stop")); }

static hub_status open(const hub_call* call, hub_text connection, hub_text config_json,
                       hub_instance** instance) {
  call->log(call, HUB_LOG_INFO, connection);
  only.opened = is(config_json, "{}");
  *instance = &only;
  return HUB_OK;
}

/* Each function of the first release, in its order. */
static hub_status call_each(const hub_call* call) {
  const hub_text name = text("slot");
  const hub_text note = {NULL, 0};
  const hub_bytes value = {NULL, 0};
  size_t received = 0;
  const hub_sink sink = {&received, swallow};
  uint64_t fence = 0;
  uint64_t version = 0;
  call->remaining_ns(call);
  call->cancelled(call);
  call->off_cancel(call, call->on_cancel(call, on_cancel, NULL));
  hub_status status = call->secret_get(call, name, sink);
  status |= call->secret_begin(call, name, 1000, &fence, sink);
  status |= call->secret_look(call, name, sink);
  status |= call->secret_renew(call, name, fence, 1000);
  status |= call->secret_read(call, name, fence, 7, sink);
  status |= call->secret_stage(call, name, fence, value, note, note, &version);
  status |= call->secret_mark(call, name, fence, version, HUB_MARK_DISCARD, note);
  status |= call->secret_state(call, name, fence, HUB_SLOT_ACTIVE, note);
  status |= call->secret_commit(call, name, fence, version, 1000, note, note);
  status |= call->secret_drop(call, name, fence, version, note);
  status |= call->secret_note(call, name, fence, note);
  status |= call->secret_end(call, name, fence);
  return status;
}

static hub_status fail(const hub_call* call) {
  const hub_error error = {.struct_size = sizeof error,
                           .status = HUB_UNAVAILABLE,
                           .retry = HUB_RETRY_FROM_START,
                           .effect = HUB_EFFECT_APPLIED,
                           .http_status = 503,
                           .retry_after_ms = 1500,
                           .reason = text("BUSY"),
                           .message = text("it is busy"),
                           .hint = text("wait"),
                           .detail_json = text("{}")};
#if defined(GROWN)
  hub_error grown = error;
  grown.retry = HUB_RETRY_LATER;
  grown.trace_id = text("t-1");
  call->fail(call, at_edge(&grown, sizeof grown));
#else
  call->fail(call, at_edge(&error, sizeof error));
#endif
  return HUB_UNAVAILABLE;
}

static hub_status invoke(hub_instance* instance, const hub_call* call, hub_text operation,
                         hub_text request_json, hub_sink response) {
  char answer[256];
  int64_t booted_ms = -1;
  int32_t priority = -1;
  if (!instance->opened || !is(request_json, "{}")) return HUB_INTERNAL;
  if (is(operation, "fail")) return fail(call);
  const hub_status status = call_each(call);
  if (status != HUB_OK) return status;
#if defined(GROWN)
  if (HUB_HAS(hub_host, host, booted_ms)) booted_ms = host->booted_ms(host);
  if (HUB_HAS(hub_call, call, priority)) priority = call->priority(call);
#endif
  const int size = snprintf(answer, sizeof answer,
                            "host %.*s minor %u attempt %u key %.*s booted %d priority %d",
                            (int)host->version.size, host->version.data, (unsigned)host->abi_minor,
                            (unsigned)call->attempt, (int)call->idempotency_key.size,
                            call->idempotency_key.data, (int)booted_ms, (int)priority);
  return response.write(response.context, (hub_bytes){answer, (size_t)size});
}

static void close_instance(hub_instance* instance) { instance->opened = 0; }

static const void* query(const char* id) { return strcmp(id, "hub.own/1") == 0 ? &only : NULL; }

#if defined(GROWN)
static hub_status warm(void) { return HUB_OK; }
#endif

const void* hub_connector_query(const char* id) {
  static const void* table;
  if (strcmp(id, HUB_CONNECTOR_ID) != 0) return NULL;
  if (table == NULL) {
    const hub_connector made = {
      .struct_size = sizeof made,
      .abi_minor = HUB_CONNECTOR_MINOR,
      .id = {"paired", 6},
      .version = {"1.2.3", 5},
      .describe = describe,
      .start = start,
      .stop = stop,
      .open = open,
      .invoke = invoke,
      .close = close_instance,
      .query = query,
#if defined(GROWN)
      .warm = warm
#endif
    };
    table = at_edge(&made, sizeof made);
  }
  return table;
}
