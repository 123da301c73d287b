// <hub/connector.h> for koffi: the same names in the same order, to copy as it is.
//
// Callbacks are made by callback(), which turns an exception into HUB_INTERNAL. Without it koffi
// answers 0, which is HUB_OK, and throws when the call is over.
import koffi from 'koffi';

export const CONNECTOR_ID = 'hub.connector/1';
export const CONNECTOR_MINOR = 0;
export const Status = {
  OK: 0, INVALID_ARGUMENT: 3, NOT_FOUND: 5, PERMISSION_DENIED: 7, FAILED_PRECONDITION: 9,
  ABORTED: 10, INTERNAL: 13,
};
export const Mark = {DISCARD: 1, RETIRING: 2};
export const SLOT_STATES = ['active', 'revoking', 'revoked'];

const status = 'int32_t', pointer = 'void *', u64 = 'uint64_t', i64 = 'int64_t', i32 = 'int32_t';
const bytes = koffi.struct('hub_bytes', {data: pointer, size: 'size_t'});
const text = koffi.struct('hub_text', {data: pointer, size: 'size_t'});

// A struct; a function that a member points to is an array of its result and its parameters.
function struct(name, members) {
  const prototypes = {};
  const types = {};
  for (const [member, type] of Object.entries(members)) {
    if (Array.isArray(type)) prototypes[member] = koffi.proto(type[0], type.slice(1));
    types[member] = Array.isArray(type) ? koffi.pointer(prototypes[member]) : type;
  }
  return {type: koffi.struct(name, types), prototypes};
}

export const Sink = struct('hub_sink', {
  context: pointer, write: [status, pointer, bytes],
});

export const Failure = struct('hub_error', {
  struct_size: 'size_t', status, retry: i32, effect: i32, http_status: i32, retry_after_ms: i64,
  reason: text, message: text, hint: text, detail_json: text,
});

export const Host = struct('hub_host', {
  struct_size: 'size_t', abi_minor: 'uint32_t', reserved: 'uint32_t', name: text, version: text,
  context: pointer,
  now_unix_ms: [i64, pointer],
  now_monotonic_ns: [i64, pointer],
  log: ['void', pointer, i32, text],
  query: [pointer, pointer, 'const char *'],
});

export const Call = struct('hub_call', {
  struct_size: 'size_t', attempt: 'uint32_t', reserved: 'uint32_t', idempotency_key: text,
  trace_parent: text, context: pointer,
  remaining_ns: [i64, pointer],
  cancelled: [i32, pointer],
  on_cancel: [u64, pointer, pointer, pointer],
  off_cancel: ['void', pointer, u64],
  log: ['void', pointer, i32, text],
  fail: ['void', pointer, pointer],
  secret_get: [status, pointer, text, Sink.type],
  secret_begin: [status, pointer, text, i64, pointer, Sink.type],
  secret_look: [status, pointer, text, Sink.type],
  secret_renew: [status, pointer, text, u64, i64],
  secret_read: [status, pointer, text, u64, u64, Sink.type],
  secret_stage: [status, pointer, text, u64, bytes, text, text, pointer],
  secret_mark: [status, pointer, text, u64, u64, i32, text],
  secret_state: [status, pointer, text, u64, i32, text],
  secret_commit: [status, pointer, text, u64, u64, i64, text, text],
  secret_drop: [status, pointer, text, u64, u64, text],
  secret_note: [status, pointer, text, u64, text],
  secret_end: [status, pointer, text, u64],
});

export const Connector = struct('hub_connector', {
  struct_size: 'size_t', abi_minor: 'uint32_t', reserved: 'uint32_t', id: text, version: text,
  describe: [status, Sink.type],
  start: [status, pointer, pointer],
  stop: ['void'],
  open: [status, pointer, text, text, pointer],
  invoke: [status, pointer, pointer, text, text, Sink.type],
  close: ['void', pointer],
  query: [pointer, 'const char *'],
});

// A copy of what was lent, or null where it is absent.
export function copy(lent) {
  if (lent.data === null) return null;
  return Buffer.from(new Uint8Array(koffi.view(lent.data, lent.size)));
}

// A string or a Buffer for the library, until the function that it is passed to returns.
export function lend(value) {
  return {data: Buffer.concat([Buffer.from(value), Buffer.of(0)]), size: Buffer.byteLength(value)};
}

// The same for as long as the process runs.
export function keep(value) {
  const lent = lend(value);
  const data = koffi.alloc('uint8_t', lent.data.length);
  koffi.encode(data, 'uint8_t', lent.data, lent.data.length);
  return {data, size: lent.size};
}

export const ABSENT = {data: null, size: 0};

export function put(sink, value) {
  return koffi.call(sink.write, Sink.prototypes.write, sink.context, lend(value));
}

// `body` as struct.name, for as long as the process runs. When it throws, a function that returns a
// status returns HUB_INTERNAL.
export function callback(struct, name, body) {
  const prototype = struct.prototypes[name];
  return koffi.register((...parameters) => {
    try {
      return body(...parameters);
    } catch {
      return prototype.proto.result.name === status ? Status.INTERNAL : 0;
    }
  }, koffi.pointer(prototype));
}

// A struct where the library may read it until release(), with its struct_size.
export function make(struct, members) {
  const made = koffi.alloc(struct.type, 1);
  const struct_size = koffi.sizeof(struct.type);
  koffi.encode(made, struct.type, {struct_size, reserved: 0, context: null, ...members});
  return made;
}

export const release = koffi.free;

// Writes to a parameter that is uint64_t*.
export const set = (at, value) => koffi.encode(at, u64, value);

export const failure = (at) => koffi.decode(at, Failure.type);

const loaded = [];  // koffi unmaps what nothing refers to; a connector is never unmapped

// The connector's functions; throws where there is none.
export function load(path) {
  const library = koffi.load(path);
  loaded.push(library);
  const table = library.func('hub_connector_query', pointer, ['const char *'])(CONNECTOR_ID);
  const size = table === null ? 0 : Number(koffi.decode(table, 'size_t'));
  if (size < koffi.sizeof(Connector.type))
    throw new Error(`${path} is no connector of ${CONNECTOR_ID}`);
  const members = koffi.decode(table, Connector.type);
  const call = (name) => (...parameters) =>
    koffi.call(members[name], Connector.prototypes[name], ...parameters);
  return {
    start: call('start'),
    stop: call('stop'),
    // A status, and the instance.
    open(...parameters) {
      const instance = koffi.alloc(pointer, 1);
      const opened = call('open')(...parameters, instance);
      return [opened, koffi.decode(instance, pointer)];
    },
    invoke: call('invoke'),
    close: call('close'),
  };
}
