"""<hub/connector.h> for ctypes: the same names in the same order, to copy as it is.

Callbacks are made by function(), which turns an exception into HUB_INTERNAL. Without it ctypes
prints the exception and answers 0, which is HUB_OK.
"""
import ctypes
from ctypes import POINTER, c_char_p, c_int32, c_int64, c_size_t, c_uint32, c_uint64, c_void_p

CONNECTOR_ID = b"hub.connector/1"
CONNECTOR_MINOR = 0

OK, INVALID_ARGUMENT, NOT_FOUND, PERMISSION_DENIED = 0, 3, 5, 7
FAILED_PRECONDITION, ABORTED, INTERNAL = 9, 10, 13
MARK_DISCARD, MARK_RETIRING = 1, 2
SLOT_ACTIVE, SLOT_REVOKING, SLOT_REVOKED = 0, 1, 2

Status = Retry = Effect = LogLevel = Mark = SlotState = c_int32


class Bytes(ctypes.Structure):
    """hub_bytes, and hub_text, which has the same members."""
    _fields_ = [("data", c_void_p), ("size", c_size_t)]

    def get(self):
        """A copy, or None where it is absent."""
        return ctypes.string_at(self.data, self.size) if self.data else None

    def text(self):
        return (self.get() or b"").decode()


Text = Bytes


def lend(value):
    """Bytes or a string for the library, which may read it for as long as the result lives, or a
    struct that it was put into."""
    raw = value.encode() if isinstance(value, str) else value
    return Bytes(ctypes.cast(ctypes.create_string_buffer(raw, len(raw) + 1), c_void_p), len(raw))


class Sink(ctypes.Structure):
    _fields_ = [("context", c_void_p), ("write", ctypes.CFUNCTYPE(Status, c_void_p, Bytes))]

    def put(self, value):
        return self.write(self.context, lend(value))


class Error(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("status", Status), ("retry", Retry),
                ("effect", Effect), ("http_status", c_int32), ("retry_after_ms", c_int64),
                ("reason", Text), ("message", Text), ("hint", Text), ("detail_json", Text)]


class Host(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("abi_minor", c_uint32), ("reserved", c_uint32),
                ("name", Text), ("version", Text), ("context", c_void_p),
                ("now_unix_ms", ctypes.CFUNCTYPE(c_int64, c_void_p)),
                ("now_monotonic_ns", ctypes.CFUNCTYPE(c_int64, c_void_p)),
                ("log", ctypes.CFUNCTYPE(None, c_void_p, LogLevel, Text)),
                ("query", ctypes.CFUNCTYPE(c_void_p, c_void_p, c_char_p))]


def of_call(result, *arguments):
    return ctypes.CFUNCTYPE(result, c_void_p, *arguments)


class Call(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("attempt", c_uint32), ("reserved", c_uint32),
                ("idempotency_key", Text), ("trace_parent", Text), ("context", c_void_p),
                ("remaining_ns", of_call(c_int64)),
                ("cancelled", of_call(c_int32)),
                ("on_cancel", of_call(c_uint64, c_void_p, c_void_p)),
                ("off_cancel", of_call(None, c_uint64)),
                ("log", of_call(None, LogLevel, Text)),
                ("fail", of_call(None, POINTER(Error))),
                ("secret_get", of_call(Status, Text, Sink)),
                ("secret_begin", of_call(Status, Text, c_int64, POINTER(c_uint64), Sink)),
                ("secret_look", of_call(Status, Text, Sink)),
                ("secret_renew", of_call(Status, Text, c_uint64, c_int64)),
                ("secret_read", of_call(Status, Text, c_uint64, c_uint64, Sink)),
                ("secret_stage", of_call(Status, Text, c_uint64, Bytes, Text, Text,
                                         POINTER(c_uint64))),
                ("secret_mark", of_call(Status, Text, c_uint64, c_uint64, Mark, Text)),
                ("secret_state", of_call(Status, Text, c_uint64, SlotState, Text)),
                ("secret_commit", of_call(Status, Text, c_uint64, c_uint64, c_int64, Text, Text)),
                ("secret_drop", of_call(Status, Text, c_uint64, c_uint64, Text)),
                ("secret_note", of_call(Status, Text, c_uint64, Text)),
                ("secret_end", of_call(Status, Text, c_uint64))]


class Connector(ctypes.Structure):
    _fields_ = [("struct_size", c_size_t), ("abi_minor", c_uint32), ("reserved", c_uint32),
                ("id", Text), ("version", Text),
                ("describe", ctypes.CFUNCTYPE(Status, Sink)),
                ("start", ctypes.CFUNCTYPE(Status, POINTER(Host), POINTER(Call))),
                ("stop", ctypes.CFUNCTYPE(None)),
                ("open", ctypes.CFUNCTYPE(Status, POINTER(Call), Text, Text, POINTER(c_void_p))),
                ("invoke", ctypes.CFUNCTYPE(Status, c_void_p, POINTER(Call), Text, Text, Sink)),
                ("close", ctypes.CFUNCTYPE(None, c_void_p)),
                ("query", ctypes.CFUNCTYPE(c_void_p, c_char_p))]


def function(struct, member, body, failed=lambda error: None):
    """`body` as a callback for struct.member. What it raises goes to failed(), and a function that
    returns a status returns HUB_INTERNAL."""
    kind = dict(struct._fields_)[member]

    def edge(*arguments):
        try:
            return body(*arguments)
        except Exception as error:
            failed(error)
            return INTERNAL if kind._restype_ is Status else None

    return kind(edge)


def load(path):
    """The connector's table; raises OSError where there is none. The library is never unmapped."""
    library = ctypes.CDLL(path, mode=ctypes.RTLD_LOCAL)
    query = ctypes.CFUNCTYPE(POINTER(Connector), c_char_p)(("hub_connector_query", library))
    table = query(CONNECTOR_ID)
    if not table or table.contents.struct_size < ctypes.sizeof(Connector):
        raise OSError(f"{path} is no connector of {CONNECTOR_ID.decode()}")
    return table.contents
