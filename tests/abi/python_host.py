"""A host in Python: ctypes, a slot in memory, and a token from a workspace.

    python_host.py LIBRARY CONFIG_FILE CREDENTIAL_FILE
"""
import ctypes as c
import json
import sys
import time


class Text(c.Structure):  # hub_text and hub_bytes
    _fields_ = [("data", c.c_void_p), ("size", c.c_size_t)]

    def bytes(self):
        return c.string_at(self.data, self.size) if self.data else None


def text(value):
    raw = value.encode()
    lent = Text(c.cast(c.create_string_buffer(raw), c.c_void_p), len(raw))
    kept.append(lent)  # for the library, as long as this program runs
    return lent


kept = []
Status, Size, Pointer = c.c_int32, c.c_size_t, c.c_void_p
Write = c.CFUNCTYPE(Status, Pointer, Text)


class Sink(c.Structure):
    _fields_ = [("context", Pointer), ("write", Write)]

    def put(self, raw):
        buffer = c.create_string_buffer(raw, len(raw))
        return self.write(self.context, Text(c.cast(buffer, Pointer), len(raw)))


class Error(c.Structure):
    _fields_ = [("struct_size", Size), ("status", Status), ("retry", c.c_int32), ("effect", c.c_int32),
                ("http_status", c.c_int32), ("retry_after_ms", c.c_int64), ("reason", Text), ("message", Text),
                ("hint", Text), ("detail_json", Text)]


OK, DENIED = 0, 7
credential = open(sys.argv[3], "rb").read().strip()
slot = {"slot": "7a6ddf39-e94b-4a68-8c0c-6ccfbd662521", "created_at": int(time.time() * 1000), "revision": 1, "now": 0,
        "state": "active", "note": None, "current": None, "pending": None, "previous": []}
values = {}


def note(slot_note):
    if slot_note.data:
        slot["note"] = json.loads(slot_note.bytes())
    return OK


def fail(call, error):
    print(error.contents.reason.bytes(), error.contents.message.bytes(), file=sys.stderr)


def snapshot(sink):
    slot["now"] = int(time.time() * 1000)
    return sink.put(json.dumps(slot).encode())


def begin(call, name, lease, fence, sink):
    fence[0] = 1
    return snapshot(sink)


def stage(call, name, fence, value, version_note, slot_note, version):
    version[0] = 1
    slot["pending"] = {"version": 1, "note": json.loads(version_note.bytes()), "has_value": bool(value.data),
                       "discard": False}
    if value.data:
        values[1] = value.bytes()
    return note(slot_note)


def commit(call, name, fence, version, grace, version_note, slot_note):
    slot["current"], slot["pending"] = {"version": version, "note": slot["pending"]["note"]}, None
    return note(slot_note)


def drop(call, name, fence, version, slot_note):
    slot["pending"] = None
    return note(slot_note)


# Each member of hub_call behind `context`, in the order of the header.
Fence = c.c_uint64
MEMBERS = [
    ("remaining_ns", c.c_int64, [], lambda call: 30 * 10**9),
    ("cancelled", c.c_int32, [], lambda call: 0),
    ("on_cancel", c.c_uint64, [Pointer, Pointer], lambda *_: 1),
    ("off_cancel", None, [c.c_uint64], lambda *_: None),
    ("log", None, [c.c_int32, Text], lambda call, level, message: None),
    ("fail", None, [c.POINTER(Error)], fail),
    ("secret_get", Status, [Text, Sink],
     lambda call, name, sink: sink.put(credential) if name.bytes() == b"admin" else DENIED),
    ("secret_begin", Status, [Text, c.c_int64, c.POINTER(Fence), Sink], begin),
    ("secret_look", Status, [Text, Sink], lambda call, name, sink: snapshot(sink)),
    ("secret_renew", Status, [Text, Fence, c.c_int64], lambda *_: OK),
    ("secret_read", Status, [Text, Fence, c.c_uint64, Sink],
     lambda call, name, fence, version, sink: sink.put(values[version])),
    ("secret_stage", Status, [Text, Fence, Text, Text, Text, c.POINTER(c.c_uint64)], stage),
    ("secret_mark", Status, [Text, Fence, c.c_uint64, c.c_int32, Text], lambda *a: note(a[-1])),
    ("secret_state", Status, [Text, Fence, c.c_int32, Text], lambda *a: note(a[-1])),
    ("secret_commit", Status, [Text, Fence, c.c_uint64, c.c_int64, Text, Text], commit),
    ("secret_drop", Status, [Text, Fence, c.c_uint64, Text], drop),
    ("secret_note", Status, [Text, Fence, Text], lambda *a: note(a[-1])),
    ("secret_end", Status, [Text, Fence], lambda *_: OK),
]
TYPES = {name: c.CFUNCTYPE(result, Pointer, *arguments) for name, result, arguments, _ in MEMBERS}


class Call(c.Structure):
    _fields_ = [("struct_size", Size), ("attempt", c.c_uint32), ("reserved", c.c_uint32), ("idempotency_key", Text),
                ("trace_parent", Text), ("context", Pointer)] + list(TYPES.items())


Now, Log = c.CFUNCTYPE(c.c_int64, Pointer), c.CFUNCTYPE(None, Pointer, c.c_int32, Text)
Query = c.CFUNCTYPE(Pointer, Pointer, c.c_char_p)


class Host(c.Structure):
    _fields_ = [("struct_size", Size), ("abi_minor", c.c_uint32), ("reserved", c.c_uint32), ("name", Text),
                ("version", Text), ("context", Pointer), ("now_unix_ms", Now), ("now_monotonic_ns", Now), ("log", Log),
                ("query", Query)]


class Connector(c.Structure):
    _fields_ = [("struct_size", Size), ("abi_minor", c.c_uint32), ("reserved", c.c_uint32), ("id", Text),
                ("version", Text), ("describe", c.CFUNCTYPE(Status, Sink)),
                ("start", c.CFUNCTYPE(Status, c.POINTER(Host), c.POINTER(Call))), ("stop", c.CFUNCTYPE(None)),
                ("open", c.CFUNCTYPE(Status, c.POINTER(Call), Text, Text, c.POINTER(Pointer))),
                ("invoke", c.CFUNCTYPE(Status, Pointer, c.POINTER(Call), Text, Text, Sink)),
                ("close", c.CFUNCTYPE(None, Pointer)), ("query", c.CFUNCTYPE(Pointer, c.c_char_p))]


def main():
    library = c.CDLL(sys.argv[1])
    library.hub_connector_query.restype = c.POINTER(Connector)
    connector = library.hub_connector_query(b"hub.connector/1").contents
    host = Host(c.sizeof(Host), 0, 0, text("python-host"), text("1"), None, Now(lambda _: int(time.time() * 1000)),
                Now(lambda _: time.monotonic_ns()), Log(lambda *_: None), Query(lambda *_: None))
    call = Call(c.sizeof(Call), 1, 0, Text(), Text(), None,
                *[TYPES[name](function) for name, _, _, function in MEMBERS])
    response = []

    def write(context, chunk):
        response.append(chunk.bytes())
        return OK

    instance = Pointer()
    status = connector.start(host, call)
    if status == OK:
        status = connector.open(call, text("python"), text(open(sys.argv[2]).read()), c.byref(instance))
    if status == OK:
        status = connector.invoke(instance, call, text("create-token"), text("{}"), Sink(None, Write(write)))
        connector.close(instance)
    connector.stop()
    print(b"".join(response).decode())
    return 0 if status == OK and slot["current"] and values else 1


sys.exit(main())
