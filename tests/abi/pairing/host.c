/* A host that says which of its functions were called, and what it found: one of a pairing.
 *     host CONNECTOR */
#define _DEFAULT_SOURCE
#include <dlfcn.h>
#include <stdio.h>

#include "at_edge.h"

static hub_status seen(const char* function, hub_status status) {
  printf("%s\n", function);
  return status;
}

/* Whether the arguments came as pairing/connector.c gives them. */
static hub_status seen_if(const char* function, int right) {
  return seen(function, right ? HUB_OK : HUB_INTERNAL);
}

static int64_t now_unix_ms(const hub_host* host) {
  return seen("now_unix_ms", HUB_OK) + (host->context == NULL);
}
static int64_t now_monotonic_ns(const hub_host* host) {
  return seen("now_monotonic_ns", HUB_OK) + (host->context == NULL);
}
static void host_log(const hub_host* host, hub_log_level level, hub_text message) {
  seen_if(host->name.size > 0 && level == HUB_LOG_INFO ? "log" : "?", is(message, "stop"));
}
static const void* host_query(const hub_host* host, const char* id) {
  seen_if("query", host != NULL && strcmp(id, "hub.none/1") == 0);
  return NULL;
}

static int64_t remaining_ns(const hub_call* call) {
  return seen("remaining_ns", call->attempt == 0);
}
static int32_t cancelled(const hub_call* call) { return seen("cancelled", call->attempt == 0); }
static uint64_t on_cancel(const hub_call* call, void (*callback)(void*), void* argument) {
  (void)call;
  callback(argument);
  seen("on_cancel", HUB_OK);
  return 5;
}
static void off_cancel(const hub_call* call, uint64_t id) {
  (void)call;
  printf("off_cancel %d\n", (int)id);
}
static void call_log(const hub_call* call, hub_log_level level, hub_text message) {
  (void)call, (void)level;
  printf("log %.*s\n", (int)message.size, message.data);
}
static void fail(const hub_call* call, const hub_error* error) {
  hub_retry retry = error->retry;
  hub_text trace_id = {NULL, 0};
  (void)call;
#if defined(GROWN)
  if (HUB_HAS(hub_error, error, trace_id)) trace_id = error->trace_id;
  const hub_retry last = HUB_RETRY_LATER;
#else
  const hub_retry last = HUB_RETRY_FROM_START;
#endif
  if (retry < HUB_RETRY_NEVER || retry > last) retry = HUB_RETRY_NEVER;
  printf("fail %d retry %d effect %d http %d after %d %.*s %.*s %.*s %.*s trace %.*s\n",
         (int)error->status, (int)retry, (int)error->effect, (int)error->http_status,
         (int)error->retry_after_ms, (int)error->reason.size, error->reason.data,
         (int)error->message.size, error->message.data, (int)error->hint.size, error->hint.data,
         (int)error->detail_json.size, error->detail_json.data, (int)trace_id.size,
         trace_id.size > 0 ? trace_id.data : "");
}

static hub_status put(const char* function, hub_text name, hub_sink sink) {
  const hub_status status = sink.write(sink.context, (hub_bytes){"value", 5});
  return seen_if(function, status == HUB_OK && is(name, "slot"));
}
static hub_status get(const hub_call* call, hub_text name, hub_sink value) {
  (void)call;
  return put("secret_get", name, value);
}
static hub_status begin(const hub_call* call, hub_text name, int64_t lease_ms, uint64_t* fence,
                        hub_sink snapshot) {
  (void)call;
  *fence = 42;
  return put(lease_ms == 1000 ? "secret_begin" : "?", name, snapshot);
}
static hub_status look(const hub_call* call, hub_text name, hub_sink snapshot) {
  (void)call;
  return put("secret_look", name, snapshot);
}
static hub_status renew(const hub_call* call, hub_text name, uint64_t fence, int64_t lease_ms) {
  (void)call;
  return seen_if("secret_renew", is(name, "slot") && fence == 42 && lease_ms == 1000);
}
static hub_status read_value(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                             hub_sink value) {
  (void)call;
  return put(fence == 42 && version == 7 ? "secret_read" : "?", name, value);
}
static hub_status stage(const hub_call* call, hub_text name, uint64_t fence, hub_bytes value,
                        hub_text note, hub_text slot_note, uint64_t* version) {
  (void)call;
  *version = 8;
  return seen_if("secret_stage", is(name, "slot") && fence == 42 && value.data == NULL &&
                                     note.data == NULL && slot_note.data == NULL);
}
static hub_status mark(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                       hub_mark mark, hub_text note) {
  (void)call;
  return seen_if("secret_mark", is(name, "slot") && fence == 42 && version == 8 &&
                                    mark == HUB_MARK_DISCARD && note.data == NULL);
}
static hub_status state(const hub_call* call, hub_text name, uint64_t fence, hub_slot_state state,
                        hub_text note) {
  (void)call;
  return seen_if("secret_state",
                 is(name, "slot") && fence == 42 && state == HUB_SLOT_ACTIVE && note.data == NULL);
}
static hub_status commit(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                         int64_t grace_ms, hub_text note, hub_text slot_note) {
  (void)call;
  return seen_if("secret_commit", is(name, "slot") && fence == 42 && version == 8 &&
                                      grace_ms == 1000 && note.data == NULL &&
                                      slot_note.data == NULL);
}
static hub_status drop(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                       hub_text note) {
  (void)call;
  return seen_if("secret_drop",
                 is(name, "slot") && fence == 42 && version == 8 && note.data == NULL);
}
static hub_status note(const hub_call* call, hub_text name, uint64_t fence, hub_text note) {
  (void)call;
  return seen_if("secret_note", is(name, "slot") && fence == 42 && note.data == NULL);
}
static hub_status end(const hub_call* call, hub_text name, uint64_t fence) {
  (void)call;
  return seen_if("secret_end", is(name, "slot") && fence == 42);
}

#if defined(GROWN)
static int64_t booted_ms(const hub_host* host) { return host->abi_minor; }
static int32_t priority(const hub_call* call) { return (int32_t)call->attempt; }
#endif

static hub_status print(void* context, hub_bytes chunk) {
  fwrite(chunk.data, 1, chunk.size, context);
  putchar('\n');
  return HUB_OK;
}

int main(int argc, char** argv) {
  const hub_host lent = {
    .struct_size = sizeof lent,
    .abi_minor = HUB_CONNECTOR_MINOR,
    .name = text("pairing"),
    .version = text("4.5.6"),
    .now_unix_ms = now_unix_ms,
    .now_monotonic_ns = now_monotonic_ns,
    .log = host_log,
    .query = host_query,
#if defined(GROWN)
    .booted_ms = booted_ms
#endif
  };
  const hub_call made = {
    .struct_size = sizeof made,
    .attempt = 3,
    .idempotency_key = text("key"),
    .remaining_ns = remaining_ns,
    .cancelled = cancelled,
    .on_cancel = on_cancel,
    .off_cancel = off_cancel,
    .log = call_log,
    .fail = fail,
    .secret_get = get,
    .secret_begin = begin,
    .secret_look = look,
    .secret_renew = renew,
    .secret_read = read_value,
    .secret_stage = stage,
    .secret_mark = mark,
    .secret_state = state,
    .secret_commit = commit,
    .secret_drop = drop,
    .secret_note = note,
    .secret_end = end,
#if defined(GROWN)
    .priority = priority
#endif
  };
  hub_connector_query_fn query = NULL;
  hub_instance* instance = NULL;
  const hub_host* host = at_edge(&lent, sizeof lent);
  const hub_call* call = at_edge(&made, sizeof made);
  const hub_sink out = {stdout, print};
  void* library = argc == 2 ? dlopen(argv[1], RTLD_NOW | RTLD_LOCAL) : NULL;
  if (library == NULL) return 2;
  *(void**)&query = dlsym(library, "hub_connector_query");
  const hub_connector* connector = query(HUB_CONNECTOR_ID);

  hub_status status = connector->describe(out);
  status |= connector->start(host, call);
  status |= connector->open(call, text("first"), text("{}"), &instance);
  status |= connector->invoke(instance, call, text("call"), text("{}"), out);
  const hub_status failed = connector->invoke(instance, call, text("fail"), text("{}"), out);
  connector->close(instance);
#if defined(GROWN)
  if (HUB_HAS(hub_connector, connector, warm)) printf("warm %d\n", (int)connector->warm());
#endif
  printf("connector %.*s %.*s minor %u query %d\n", (int)connector->id.size, connector->id.data,
         (int)connector->version.size, connector->version.data, (unsigned)connector->abi_minor,
         connector->query("hub.own/1") != NULL);
  connector->stop();
  return status == HUB_OK && failed == HUB_UNAVAILABLE ? 0 : 1;
}
