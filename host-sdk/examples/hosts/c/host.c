/* A host in plain C, to copy and to grow.
 *
 *     host LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...
 *     host ./libdatabricks_token.so config.json admin=pat token create-token check
 *
 * opens one connection with the configuration in CONFIG_FILE, lends it the secret CREDENTIAL, which
 * is the first line of FILE, and the slot SLOT, and runs each OPERATION, with the request {} if
 * none is given. Answers go to stdout, logs and errors to stderr. It exits with 0 when all went
 * well, with 1 when the connector said no, with 2 when there is no connector.
 *
 * It needs <hub/connector.h> and nothing else of the SDK:
 *
 *     cc $(pkg-config --cflags hub-connector-sdk) -o host host.c slot.c -ldl
 *
 * What it leaves to you; docs/contract.md has the rules:
 *   - slot.c keeps the slot in memory, so a rotated secret is gone with the process.
 *   - It loads whatever it is given. A host checks the library's owner and digest, the
 * configuration and the requests by the schemas in describe(), before the connector sees them.
 *   - It masks no secrets in logs, errors and answers, and wipes none.
 *   - It never cancels. One that does runs the callbacks of on_cancel, each once.
 *   - It takes notes, leases and grace periods as they come (HUB-C-09), and fills an error from
 *     whatever was said last (HUB-C-05). */
#define _POSIX_C_SOURCE 200809L
#include "host.h"

#include <dlfcn.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { kSecondsForACall = 60 };

/* What a hub_call's context leads to. */
struct job {
  int64_t deadline_ns;
  char reason[64], message[1024], hint[1024]; /* why it failed */
};

static const char *credential_name, *credential_file;

static hub_text text(const char* string) { return (hub_text){string, strlen(string)}; }

int is(hub_text text, const char* expected) {
  return text.size == strlen(expected) && memcmp(text.data, expected, text.size) == 0;
}

static int64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t unix_ms(void) { return nanoseconds(CLOCK_REALTIME) / 1000000; }

static void log_line(hub_log_level level, hub_text message) {
  static const char* const names[] = {"debug", "info", "warning", "error"};
  /* A level that is not known yet is read as the last one. */
  fprintf(stderr, "%s: %.*s\n", names[level < 0 || level > HUB_LOG_ERROR ? HUB_LOG_ERROR : level],
          (int)message.size, message.data);
}

/* ---- hub_host: every function from any thread ---- */

static int64_t host_now(const hub_host* host) {
  (void)host;
  return unix_ms();
}

static int64_t host_monotonic(const hub_host* host) {
  (void)host;
  return nanoseconds(CLOCK_MONOTONIC);
}

static void host_log(const hub_host* host, hub_log_level level, hub_text message) {
  (void)host;
  log_line(level, message);
}

static const void* host_query(const hub_host* host, const char* id) {
  (void)host, (void)id;
  return NULL; /* it has no extensions */
}

/* ---- hub_call ---- */

static int64_t call_remaining(const hub_call* call) {
  const struct job* job = call->context;
  const int64_t left = job->deadline_ns - nanoseconds(CLOCK_MONOTONIC);
  return left > 0 ? left : 0;
}

static int32_t call_cancelled(const hub_call* call) {
  (void)call;
  return 0;
}

static uint64_t call_on_cancel(const hub_call* call, void (*callback)(void*), void* argument) {
  (void)call, (void)callback, (void)argument;
  return 1; /* this host never cancels, so there is nothing to keep */
}

static void call_off_cancel(const hub_call* call, uint64_t id) { (void)call, (void)id; }

static void call_log(const hub_call* call, hub_log_level level, hub_text message) {
  (void)call;
  log_line(level, message);
}

/* Copies what is there, cut to the room; what is absent leaves `to` as it is. */
static void keep(char* to, size_t room, hub_text from) {
  if (from.data != NULL) snprintf(to, room, "%.*s", (int)from.size, from.data);
}

static void call_fail(const hub_call* call, const hub_error* error) {
  struct job* job = call->context;
  keep(job->reason, sizeof job->reason, error->reason);
  keep(job->message, sizeof job->message, error->message);
  keep(job->hint, sizeof job->hint, error->hint);
}

hub_status refuse(const hub_call* call, hub_status status, const char* reason,
                  const char* message) {
  const hub_error error = {.struct_size = sizeof error,
                           .status = status,
                           .reason = text(reason),
                           .message = text(message),
                           .hint = text("")};
  call_fail(call, &error);
  return status;
}

/* Reads the file at each call: a secret that was replaced meanwhile is seen. */
static hub_status call_secret_get(const hub_call* call, hub_text name, hub_sink value) {
  char line[4096];
  if (!is(name, credential_name)) return slot_get(call, name, value);
  FILE* file = fopen(credential_file, "r");
  const int read = file != NULL && fgets(line, sizeof line, file) != NULL;
  if (file != NULL) fclose(file);
  if (!read) return refuse(call, HUB_FAILED_PRECONDITION, "SECRET_ABSENT", "cannot read the file");
  return value.write(value.context, (hub_bytes){line, strcspn(line, "\n")});
}

/* A call that may take a minute. */
static hub_call call_for(struct job* job) {
  *job = (struct job){.deadline_ns =
                          nanoseconds(CLOCK_MONOTONIC) + INT64_C(1000000000) * kSecondsForACall};
  return (hub_call){.struct_size = sizeof(hub_call),
                    .attempt = 1,
                    .context = job,
                    .remaining_ns = call_remaining,
                    .cancelled = call_cancelled,
                    .on_cancel = call_on_cancel,
                    .off_cancel = call_off_cancel,
                    .log = call_log,
                    .fail = call_fail,
                    .secret_get = call_secret_get,
                    .secret_begin = slot_begin,
                    .secret_look = slot_look,
                    .secret_renew = slot_renew,
                    .secret_read = slot_read,
                    .secret_stage = slot_stage,
                    .secret_mark = slot_mark,
                    .secret_state = slot_state,
                    .secret_commit = slot_commit,
                    .secret_drop = slot_drop,
                    .secret_note = slot_note,
                    .secret_end = slot_end};
}

/* ---- The program ---- */

static hub_status print(void* context, hub_bytes chunk) {
  return fwrite(chunk.data, 1, chunk.size, context) == chunk.size ? HUB_OK : HUB_INTERNAL;
}

/* Says why `what` failed. */
static hub_status told(const char* what, hub_status status, const struct job* job) {
  if (status != HUB_OK)
    fprintf(stderr, "%s: status %" PRId32 ", %s: %s\n%s\n", what, status, job->reason, job->message,
            job->hint);
  return status;
}

/* Opens a connection, runs the operations up to the first that fails, and closes it. */
static hub_status run(const hub_connector* connector, hub_text config, char** operations) {
  struct job job;
  hub_instance* instance = NULL;
  hub_call call = call_for(&job);
  hub_status status = connector->open(&call, text("example"), config, &instance);
  if (told("open", status, &job) != HUB_OK) return status;
  for (; *operations != NULL && status == HUB_OK; ++operations) {
    char* request = strchr(*operations, '=');
    if (request != NULL) *request++ = '\0';
    call = call_for(&job);
    status = connector->invoke(instance, &call, text(*operations),
                               text(request != NULL ? request : "{}"), (hub_sink){stdout, print});
    if (told(*operations, status, &job) == HUB_OK) puts("");
  }
  connector->close(instance);
  return status;
}

/* The connector's table. The library is never unmapped, so its handle is not kept. */
static const hub_connector* load(const char* path) {
  hub_connector_query_fn query = NULL;
  void* library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
  if (library == NULL) {
    fprintf(stderr, "%s\n", dlerror());
    return NULL;
  }
  *(void**)&query = dlsym(library, "hub_connector_query");
  const hub_connector* connector = query != NULL ? query(HUB_CONNECTOR_ID) : NULL;
  if (connector != NULL && HUB_HAS(hub_connector, connector, close)) return connector;
  fprintf(stderr, "%s is no connector of " HUB_CONNECTOR_ID "\n", path);
  return NULL;
}

int main(int argc, char** argv) {
  static char config[65536];
  char* file = argc > 5 ? strchr(argv[3], '=') : NULL;
  if (file == NULL) {
    fputs("usage: host LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...\n", stderr);
    return 2;
  }
  *file = '\0';
  credential_name = argv[3];
  credential_file = file + 1;
  slot_make(argv[4]);

  FILE* opened = fopen(argv[2], "r");
  if (opened == NULL) return perror(argv[2]), 2;
  const hub_text json = {config, fread(config, 1, sizeof config, opened)};
  fclose(opened);

  const hub_connector* connector = load(argv[1]);
  if (connector == NULL) return 2;

  const hub_host host = {.struct_size = sizeof host,
                         .abi_minor = HUB_CONNECTOR_MINOR,
                         .name = text("c-host"),
                         .version = text("1.0.0"),
                         .now_unix_ms = host_now,
                         .now_monotonic_ns = host_monotonic,
                         .log = host_log,
                         .query = host_query};
  struct job job;
  const hub_call call = call_for(&job);
  hub_status status = told("start", connector->start(&host, &call), &job);
  if (status == HUB_OK) {
    status = run(connector, json, argv + 5);
    connector->stop();
  }
  slot_report();
  return status == HUB_OK ? 0 : 1;
}
