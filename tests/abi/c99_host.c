/* A host in plain C: dlopen, a slot in memory, and a token from a workspace.
 *   c99_host LIBRARY CONFIG_FILE CREDENTIAL_FILE */
#define _POSIX_C_SOURCE 200809L
#include <dlfcn.h>
#include <hub/connector.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static hub_text text(const char *s) { return (hub_text){s, strlen(s)}; }
static int is(hub_text t, const char *s) { return t.size == strlen(s) && !memcmp(t.data, s, t.size); }
static hub_bytes bytes(const char *s) { return (hub_bytes){s, strlen(s)}; }
static char credential[4096], note[16384] = "null", value[4096], slot_note[16384] = "null";
static enum { kEmpty, kIntent, kStaged, kCurrent } slot = kEmpty;

static void copy(char *to, size_t room, const void *from, size_t size) {
  if (size >= room) abort();
  if (from != NULL) memcpy(to, from, size), to[size] = '\0';
}

static int64_t now_ms(const hub_host *h) { (void)h; return (int64_t)time(NULL) * 1000; }
static int64_t monotonic(const hub_host *h) {
  struct timespec t;
  (void)h;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
static void host_log(const hub_host *h, hub_log_level level, hub_text m) {
  (void)h, (void)level;
  fprintf(stderr, "%.*s\n", (int)m.size, m.data);
}
static const void *host_query(const hub_host *h, const char *id) { (void)h, (void)id; return NULL; }

static int64_t remaining(const hub_call *c) { (void)c; return INT64_C(30000000000); }
static int32_t cancelled(const hub_call *c) { (void)c; return 0; }
static uint64_t on_cancel(const hub_call *c, void (*f)(void *), void *a) { (void)c, (void)f, (void)a; return 1; }
static void off_cancel(const hub_call *c, uint64_t id) { (void)c, (void)id; }
static void call_log(const hub_call *c, hub_log_level level, hub_text m) { (void)c; host_log(NULL, level, m); }
static void fail(const hub_call *c, const hub_error *e) {
  (void)c;
  fprintf(stderr, "%.*s: %.*s\n", (int)e->reason.size, e->reason.data, (int)e->message.size, e->message.data);
}
static hub_status get(const hub_call *c, hub_text name, hub_sink out) {
  (void)c;
  return is(name, "admin") ? out.write(out.context, bytes(credential)) : HUB_PERMISSION_DENIED;
}
static hub_status look(const hub_call *c, hub_text name, hub_sink out) {
  char json[65536], pending[20000] = "null", current[20000] = "null";
  (void)c, (void)name;
  if (slot == kCurrent) snprintf(current, sizeof current, "{\"version\":1,\"note\":%s}", note);
  if (slot == kIntent || slot == kStaged)
    snprintf(pending, sizeof pending, "{\"version\":1,\"note\":%s,\"has_value\":%s,\"discard\":false}", note,
             slot == kStaged ? "true" : "false");
  snprintf(json, sizeof json,
           "{\"slot\":\"6f5ccf28-d83a-4957-9bfb-5bbfac551410\",\"created_at\":%lld,\"revision\":1,\"now\":%lld,"
           "\"state\":\"active\",\"note\":%s,\"current\":%s,\"pending\":%s,\"previous\":[]}",
           (long long)now_ms(NULL), (long long)now_ms(NULL), slot_note, current, pending);
  return out.write(out.context, bytes(json));
}
static hub_status begin(const hub_call *c, hub_text name, int64_t lease, uint64_t *fence, hub_sink out) {
  (void)lease;
  *fence = 1;
  return look(c, name, out);
}
static hub_status renew(const hub_call *c, hub_text n, uint64_t f, int64_t lease) { (void)c, (void)n, (void)f, (void)lease; return HUB_OK; }
static hub_status keep(const hub_call *c, hub_text n, uint64_t f, hub_text s) {
  (void)c, (void)n, (void)f;
  copy(slot_note, sizeof slot_note, s.data, s.size);
  return HUB_OK;
}
static hub_status read_value(const hub_call *c, hub_text n, uint64_t f, uint64_t v, hub_sink out) {
  (void)c, (void)n, (void)f, (void)v;
  return out.write(out.context, bytes(value));
}
static hub_status stage(const hub_call *c, hub_text n, uint64_t f, hub_bytes v, hub_text m, hub_text s, uint64_t *version) {
  copy(note, sizeof note, m.data, m.size);
  copy(value, sizeof value, v.data, v.size);
  slot = v.data != NULL ? kStaged : kIntent;
  *version = 1;
  return keep(c, n, f, s);
}
static hub_status mark(const hub_call *c, hub_text n, uint64_t f, uint64_t v, hub_mark m, hub_text s) { (void)v, (void)m; return keep(c, n, f, s); }
static hub_status state(const hub_call *c, hub_text n, uint64_t f, hub_slot_state st, hub_text s) { (void)st; return keep(c, n, f, s); }
static hub_status commit(const hub_call *c, hub_text n, uint64_t f, uint64_t v, int64_t grace, hub_text m, hub_text s) {
  (void)v, (void)grace, (void)m;
  slot = kCurrent;
  return keep(c, n, f, s);
}
static hub_status drop(const hub_call *c, hub_text n, uint64_t f, uint64_t v, hub_text s) { (void)v; slot = kEmpty; return keep(c, n, f, s); }
static hub_status end(const hub_call *c, hub_text n, uint64_t f) { (void)c, (void)n, (void)f; return HUB_OK; }
static hub_status print(void *context, hub_bytes chunk) {
  return fwrite(chunk.data, 1, chunk.size, (FILE *)context) == chunk.size ? HUB_OK : HUB_INTERNAL;
}

static void read_file(const char *path, char *into, size_t room) {
  FILE *file = fopen(path, "r");
  if (file == NULL) perror(path), exit(2);
  into[fread(into, 1, room - 1, file)] = '\0';
  into[strcspn(into, "\n")] = '\0';
  fclose(file);
}

int main(int argc, char **argv) {
  static char config[65536];
  const hub_host host = {sizeof host, HUB_CONNECTOR_MINOR, 0, text("c99-host"), text("1"), NULL, now_ms, monotonic, host_log, host_query};
  const hub_call call = {sizeof call, 1, 0, {NULL, 0}, {NULL, 0}, NULL, remaining, cancelled, on_cancel, off_cancel, call_log,
                         fail, get, begin, look, renew, read_value, stage, mark, state, commit, drop, keep, end};
  hub_connector_query_fn query;
  hub_instance *instance = NULL;
  void *library;
  if (argc != 4) return fputs("usage: c99_host LIBRARY CONFIG_FILE CREDENTIAL_FILE\n", stderr), 2;
  read_file(argv[2], config, sizeof config);
  read_file(argv[3], credential, sizeof credential);
  if ((library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL)) == NULL) return fprintf(stderr, "%s\n", dlerror()), 2;
  *(void **)&query = dlsym(library, "hub_connector_query");
  const hub_connector *connector = query != NULL ? query(HUB_CONNECTOR_ID) : NULL;
  if (connector == NULL) return fputs("not a connector\n", stderr), 2;
  hub_status status = connector->start(&host, &call);
  if (status == HUB_OK) status = connector->open(&call, text("c99"), text(config), &instance);
  if (status == HUB_OK) {
    status = connector->invoke(instance, &call, text("create-token"), text("{}"), (hub_sink){stdout, print});
    connector->close(instance);
  }
  connector->stop();
  return status == HUB_OK && slot == kCurrent && value[0] != '\0' ? 0 : 1;
}
