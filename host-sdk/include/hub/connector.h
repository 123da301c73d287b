/* The hub connector ABI, revision "hub.connector/1".
 *
 * A connector is a shared library with one exported function, hub_connector_query. A host loads it,
 * asks for the table "hub.connector/1" and drives it as the state table says:
 *
 *     loaded -> start -> (open -> invoke* -> close)* -> stop
 *
 * and asks for descriptions and extensions (describe, query) whenever it likes.
 *
 * JSON describes operations, an open set: requests, responses and configurations can be logged
 * whole, because a secret never rides in them. Typed structs control: errors, deadlines,
 * cancellation, logs and secrets.
 *
 * Ownership: what is passed is borrowed until the function returns. Output of variable size goes
 * into a sink of the receiver, so nothing is ever freed across the boundary. Only the instance
 * (until close), the host table (until stop) and the constant tables outlive a call.
 *
 * Growth: structs begin with struct_size; members are only appended, so a reader asks HUB_HAS
 * before it reads one that is younger than the first release. A break is a new id for
 * hub_connector_query. Enum values that a reader does not know are read the cautious way:
 * HUB_UNKNOWN, HUB_RETRY_NEVER, HUB_EFFECT_UNKNOWN.
 *
 * Threads: each function's comment ends with one tag. [loader]: one thread at a time, the one that
 * loads and stops. [instance]: one at a time for each instance, from any thread; instances run in
 * parallel. [call-thread]: only inside the call that the argument belongs to, on its thread.
 * [thread-safe]: any thread; with a hub_call, until that call returns.
 *
 * Errors: no exception crosses the boundary; from C++17 on the function types are noexcept. Whoever
 * returns a status other than HUB_OK for a call has first told why by hub_call::fail. The functions
 * of hub_call do so themselves: a connector may return their status as it is, or fail() with
 * something better.
 *
 * Process: the library is never unmapped. A connector joins the threads that it starts and leaves
 * alone what the process shares: signal handlers, environment, locale, working directory, umask,
 * stdout, stderr, exit.
 *
 * The numbered rules, and who enforces each, stand in docs/contract.md. */
#ifndef HUB_CONNECTOR_H
#define HUB_CONNECTOR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__cplusplus) && __cplusplus >= 201703L
#define HUB_NOEXCEPT noexcept
#else
#define HUB_NOEXCEPT
#endif

#define HUB_CONNECTOR_ID "hub.connector/1"
#define HUB_CONNECTOR_MINOR 0

/* Whether the struct behind `pointer` is recent enough to have `member`. */
#define HUB_HAS(type, pointer, member) \
  ((pointer)->struct_size >= offsetof(type, member) + sizeof((pointer)->member))

/* ---- Values ---- */

/* UTF-8, size in bytes, no terminating NUL promised. data may be NULL: the text is absent, and size
 * is 0. */
typedef struct hub_text {
  const char* data;
  size_t size;
} hub_text;

/* Bytes of any kind. data may be NULL: there is no value, which is not the same as an empty one. */
typedef struct hub_bytes {
  const void* data;
  size_t size;
} hub_bytes;

/* google.rpc.Code: the numbers and the meanings. */
typedef int32_t hub_status;
enum {
  HUB_OK = 0,
  HUB_CANCELLED = 1,
  HUB_UNKNOWN = 2,
  HUB_INVALID_ARGUMENT = 3,
  HUB_DEADLINE_EXCEEDED = 4,
  HUB_NOT_FOUND = 5,
  HUB_ALREADY_EXISTS = 6,
  HUB_PERMISSION_DENIED = 7,
  HUB_RESOURCE_EXHAUSTED = 8,
  HUB_FAILED_PRECONDITION = 9, /* somebody must change something before it can work */
  HUB_ABORTED = 10,            /* start again from fresh reads */
  HUB_OUT_OF_RANGE = 11,
  HUB_UNIMPLEMENTED = 12,
  HUB_INTERNAL = 13,
  HUB_UNAVAILABLE = 14, /* the same call may work later */
  HUB_DATA_LOSS = 15,
  HUB_UNAUTHENTICATED = 16
};

/* Receives output in one or more chunks. On a status other than HUB_OK the writer stops and returns
 * that status. The writer keeps `chunk`, the sink's owner copies what it needs. [call-thread] */
typedef struct hub_sink {
  void* context;
  hub_status (*write)(void* context, hub_bytes chunk) HUB_NOEXCEPT;
} hub_sink;

/* ---- Errors ---- */

typedef int32_t hub_retry;
enum {
  HUB_RETRY_NEVER = 0,     /* not before something was changed */
  HUB_RETRY_SAME_CALL = 1, /* the same call, unchanged */
  HUB_RETRY_FROM_START = 2 /* the whole job, from fresh reads */
};

/* Did the remote side change? */
typedef int32_t hub_effect;
enum { HUB_EFFECT_NONE = 0, HUB_EFFECT_APPLIED = 1, HUB_EFFECT_UNKNOWN = 2 };

/* Why a call failed. Nothing in it is secret. HUB_EFFECT_UNKNOWN together with HUB_RETRY_SAME_CALL
 * is legal only for an operation that describe() declares idempotent. */
typedef struct hub_error {
  size_t struct_size;
  hub_status status; /* never HUB_OK */
  hub_retry retry;
  hub_effect effect;
  int32_t http_status;    /* what the remote side answered, 0 if it did not */
  int64_t retry_after_ms; /* wait at least so long, 0 if unknown */
  hub_text reason;        /* stable, UPPER_SNAKE, one of those that describe() lists */
  hub_text message;       /* what happened, for a person */
  hub_text hint;          /* what to do about it, for a person */
  hub_text detail_json;   /* more, for the operator; absent or a JSON object */
} hub_error;

/* ---- Logs ---- */

typedef int32_t hub_log_level;
enum { HUB_LOG_DEBUG = 0, HUB_LOG_INFO = 1, HUB_LOG_WARNING = 2, HUB_LOG_ERROR = 3 };

/* ---- The host ---- */

/* The host's, from start until stop. */
typedef struct hub_host hub_host;
struct hub_host {
  size_t struct_size;
  uint32_t abi_minor; /* HUB_CONNECTOR_MINOR of its header, to be shown */
  uint32_t reserved;  /* 0 */
  hub_text name;      /* "sample-host": for a User-Agent */
  hub_text version;   /* "1.0.0" */
  void* context;      /* the host's own */

  /* Milliseconds since 1970-01-01 UTC. [thread-safe] */
  int64_t (*now_unix_ms)(const hub_host* host) HUB_NOEXCEPT;

  /* Nanoseconds of a clock that never jumps. [thread-safe] */
  int64_t (*now_monotonic_ns)(const hub_host* host) HUB_NOEXCEPT;

  /* Logs what belongs to no call. The host redacts and copies. [thread-safe] */
  void (*log)(const hub_host* host, hub_log_level level, hub_text message) HUB_NOEXCEPT;

  /* A table of an extension that the host has, or NULL. `id` ends with NUL. [thread-safe] */
  const void* (*query)(const hub_host* host, const char* id)HUB_NOEXCEPT;
};

/* ---- A call ---- */

typedef int32_t hub_mark;
enum {
  /* Pending: its remote side is being deleted, it must never become current. */
  HUB_MARK_DISCARD = 1,
  /* Previous, or current of a slot that is being revoked: its remote side is being deleted. */
  HUB_MARK_RETIRING = 2
};

typedef int32_t hub_slot_state;
enum { HUB_SLOT_ACTIVE = 0, HUB_SLOT_REVOKING = 1, HUB_SLOT_REVOKED = 2 };

/* The host's side of one start, open or invoke; dead when that returns.
 *
 * Secrets. A secret is named in describe(), with access "read" (a credential) or "rotate" (a slot),
 * and granted by the host's configuration; any other name is HUB_PERMISSION_DENIED. Its bytes cross
 * the boundary in secret_get, secret_read and secret_stage alone.
 *
 * A slot holds at most one pending and at most one current version, and previous ones, newest
 * first. A version has an id that stays with it whatever its role, a note (JSON, the connector's)
 * and a value that nobody else sees. The slot has an id (a lower-case UUID that is never used
 * again), a state and a note of its own (JSON, at most 16 KiB). A begin .. end pair is a
 * transaction under a lease. Every write in it
 *   - is durable before it returns HUB_OK,
 *   - takes effect only while `fence` is the slot's revision, else HUB_ABORTED: another began,
 *   - can be repeated: what has already taken effect is HUB_OK,
 *   - answers HUB_UNAVAILABLE when the store cannot tell whether it took effect, never HUB_ABORTED,
 *   - replaces the slot's note in the same atomic step unless `slot_note` is absent.
 * Notes hold no secret. */
typedef struct hub_call hub_call;
struct hub_call {
  size_t struct_size;
  uint32_t attempt;         /* 1 for the first */
  uint32_t reserved;        /* 0 */
  hub_text idempotency_key; /* the same for each attempt at one job; may be absent */
  hub_text trace_parent;    /* W3C traceparent; may be absent */
  void* context;            /* the host's own */

  /* Nanoseconds until the deadline, 0 once it has passed, INT64_MAX without one. A call that is out
   * of time or cancelled returns within 200 ms, whatever it is doing. [thread-safe] */
  int64_t (*remaining_ns)(const hub_call* call) HUB_NOEXCEPT;

  /* Not 0 once the host wants the call to end. [thread-safe] */
  int32_t (*cancelled)(const hub_call* call) HUB_NOEXCEPT;

  /* Registers `callback`, to be run once, on any thread, when the call is cancelled; at once if it
   * has been. It must be quick, call nothing of the host, and wake what the call waits in, such as
   * by shutdown(2). The returned id goes to off_cancel before the call returns; 0 is none, for want
   * of memory, and `cancelled` alone then tells. Several may be registered. [call-thread] */
  uint64_t (*on_cancel)(const hub_call* call, void (*callback)(void* argument) HUB_NOEXCEPT,
                        void* argument) HUB_NOEXCEPT;

  /* Removes the callback. When it returns the callback is not running and will not run. Nothing
   * happens for 0. [call-thread] */
  void (*off_cancel)(const hub_call* call, uint64_t id) HUB_NOEXCEPT;

  /* Logs under this call. The host redacts and copies. [thread-safe] */
  void (*log)(const hub_call* call, hub_log_level level, hub_text message) HUB_NOEXCEPT;

  /* Says why the call is about to return a status other than HUB_OK; the host copies. The last one
   * counts. Texts that are absent in it, and the delay if it is 0, are filled from what a function
   * of this call said with the same status and, if one is given, the same reason. [call-thread] */
  void (*fail)(const hub_call* call, const hub_error* error) HUB_NOEXCEPT;

  /* The present value of a secret: of a credential, or of a slot's current version. Asked of its
   * source at each call, so do not keep it. HUB_FAILED_PRECONDITION if there is none,
   * HUB_DATA_LOSS if the store has not what was put into it, here and in secret_read.
   * [call-thread] */
  hub_status (*secret_get)(const hub_call* call, hub_text name, hub_sink value) HUB_NOEXCEPT;

  /* Takes the slot's lease for `lease_ms`, making the slot if it is absent, moves its revision on
   * and hands out the new one as `fence`, the only time that it changes. `snapshot` receives one
   * JSON object:
   *
   *     {"slot": UUID, "created_at": ms, "revision": n, "now": ms by the store's clock,
   *      "state": "active" | "revoking" | "revoked",
   *      "note": {..} or null,
   *      "current": {"version": n, "note": {..}} or null,
   *      "pending": {"version", "note", "has_value": bool, "discard": bool} or null,
   *      "previous": [{"version", "note", "retire_after": ms or null, "retiring": bool}, ..]}
   *
   * HUB_UNAVAILABLE with reason SLOT_BUSY while another live holder has it. With an error there is
   * no transaction to end. [call-thread] */
  hub_status (*secret_begin)(const hub_call* call, hub_text name, int64_t lease_ms, uint64_t* fence,
                             hub_sink snapshot) HUB_NOEXCEPT;

  /* The same snapshot without lease or change; HUB_NOT_FOUND if the slot was never made.
   * [call-thread] */
  hub_status (*secret_look)(const hub_call* call, hub_text name, hub_sink snapshot) HUB_NOEXCEPT;

  /* Makes sure that at least `lease_ms` of lease are left, also of one that ran out and that nobody
   * took; writes nothing if they are. To be called before each remote step that cannot be undone.
   * [call-thread] */
  hub_status (*secret_renew)(const hub_call* call, hub_text name, uint64_t fence,
                             int64_t lease_ms) HUB_NOEXCEPT;

  /* The value of one version. HUB_NOT_FOUND if the slot has no such version or it has no value.
   * [call-thread] */
  hub_status (*secret_read)(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                            hub_sink value) HUB_NOEXCEPT;

  /* Without a value: makes the pending version, an intent. With one: gives the value to the intent,
   * or makes a pending version with it. An empty value is HUB_INVALID_ARGUMENT; a pending version
   * that already has another value is HUB_FAILED_PRECONDITION. `note` is the version's, and
   * replaces an earlier one. [call-thread] */
  hub_status (*secret_stage)(const hub_call* call, hub_text name, uint64_t fence, hub_bytes value,
                             hub_text note, hub_text slot_note, uint64_t* version) HUB_NOEXCEPT;

  /* Marks a version for good: what is marked is never used again. [call-thread] */
  hub_status (*secret_mark)(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                            hub_mark mark, hub_text slot_note) HUB_NOEXCEPT;

  /* Changes the slot's state. [call-thread] */
  hub_status (*secret_state)(const hub_call* call, hub_text name, uint64_t fence,
                             hub_slot_state state, hub_text slot_note) HUB_NOEXCEPT;

  /* In one atomic step `version`, the pending one (or the newest previous one: a rollback), becomes
   * current, with `note` if that is present, and what was current becomes the newest previous one,
   * to be retired `grace_ms` after the new value has reached everybody who is to use it; until the
   * host knows, retire_after is null. HUB_FAILED_PRECONDITION if the version has no value or is
   * marked. [call-thread] */
  hub_status (*secret_commit)(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                              int64_t grace_ms, hub_text note, hub_text slot_note) HUB_NOEXCEPT;

  /* Forgets a version whose remote side is gone: pending, previous, or current in a slot that is
   * being revoked. [call-thread] */
  hub_status (*secret_drop)(const hub_call* call, hub_text name, uint64_t fence, uint64_t version,
                            hub_text slot_note) HUB_NOEXCEPT;

  /* Replaces the slot's note. [call-thread] */
  hub_status (*secret_note)(const hub_call* call, hub_text name, uint64_t fence,
                            hub_text slot_note) HUB_NOEXCEPT;

  /* Gives the lease back. [call-thread] */
  hub_status (*secret_end)(const hub_call* call, hub_text name, uint64_t fence) HUB_NOEXCEPT;
};

/* ---- The connector ---- */

/* One configured connection; the connector's, from open to close. */
typedef struct hub_instance hub_instance;

/* The connector's, constant. */
typedef struct hub_connector {
  size_t struct_size;
  uint32_t abi_minor; /* HUB_CONNECTOR_MINOR of its header, to be shown */
  uint32_t reserved;  /* 0 */
  hub_text id;        /* "databricks-token" */
  hub_text version;   /* "1.0.0" */

  /* Writes the connector's description, JSON by schemas/describe.schema.json: operations with their
   * schemas, the configuration's schema, secrets, reasons. Needs no start and does no I/O; legal at
   * any time. [thread-safe] */
  hub_status (*describe)(hub_sink description) HUB_NOEXCEPT;

  /* Once, before the first open; after an error it is neither started again nor stopped.
   * `host` stays valid until stop returns. [loader] */
  hub_status (*start)(const hub_host* host, const hub_call* call) HUB_NOEXCEPT;

  /* Once, when every instance is closed and before main returns: joins threads, closes connections.
   * [loader] */
  void (*stop)(void) HUB_NOEXCEPT;

  /* Makes an instance from a configuration that has passed the connector's own schema. `connection`
   * is its name, for logs and comments. No network. With an error there is no instance to close.
   * [thread-safe] */
  hub_status (*open)(const hub_call* call, hub_text connection, hub_text config_json,
                     hub_instance** instance) HUB_NOEXCEPT;

  /* Runs an operation; `response` receives its JSON. [instance] */
  hub_status (*invoke)(hub_instance* instance, const hub_call* call, hub_text operation,
                       hub_text request_json, hub_sink response) HUB_NOEXCEPT;

  /* Ends the instance. [instance] */
  void (*close)(hub_instance* instance) HUB_NOEXCEPT;

  /* A constant table of an extension that the connector has, or NULL. `id` ends with NUL. NULL
   * itself in a connector that has none. [thread-safe] */
  const void* (*query)(const char* id)HUB_NOEXCEPT;
} hub_connector;

#if defined(_WIN32)
#define HUB_EXPORT __declspec(dllexport)
#else
#define HUB_EXPORT __attribute__((visibility("default")))
#endif

/* The library's one exported symbol: the constant table for `id` (HUB_CONNECTOR_ID gives a
 * hub_connector), or NULL for an id that it does not know. `id` ends with NUL. [thread-safe] */
HUB_EXPORT const void* hub_connector_query(const char* id) HUB_NOEXCEPT;

/* Its type, for dlsym. */
typedef const void* (*hub_connector_query_fn)(const char* id)HUB_NOEXCEPT;

#ifdef __cplusplus
}
#endif

#endif
