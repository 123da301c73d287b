#!/usr/bin/env python3
"""A host in Python, to copy and to grow.

    host.py LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...
    host.py ./libdatabricks_token.so config.json admin=pat token create-token check

opens one connection with the configuration in CONFIG_FILE, lends it the secret CREDENTIAL, which is
in FILE, and the slot SLOT, and runs each OPERATION, with the request {} if none is given. Answers
go to stdout, logs and errors to stderr. It exits with 0 when all went well, with 1 when the
connector said no, with 2 when there is no connector.

It needs ctypes alone. hub_connector.py is the header; slot.py keeps the slot. What it leaves to
you; docs/contract.md has the rules:
  - The slot is in memory, so a rotated secret is gone with the process.
  - It loads whatever it is given. A host checks the library's owner and digest, the configuration
    and the requests by the schemas in describe(), before the connector sees them.
  - It masks no secrets in logs, errors and answers, and wipes none.
  - It never cancels. One that does runs the callbacks of on_cancel, each once.
  - It takes notes, leases and grace periods as they come (HUB-C-09), and fills an error from
    whatever was said last (HUB-C-05).
"""
import ctypes
import sys
import time

import hub_connector as hub
from slot import Refused, Slot, unix_ms

LEVELS = {0: "debug", 1: "info", 2: "warning"}  # a level that is not known yet is an error


def log(_, level, message):
    print(f"{LEVELS.get(level, 'error')}: {message.text()}", file=sys.stderr)


class Job:
    """One start, open or invoke: the table that the connector gets, and why it failed."""
    SECONDS = 60

    def __init__(self, credential, slot):
        self.credential, self.slot = credential, slot
        self.deadline_ns = time.monotonic_ns() + self.SECONDS * 10**9
        self.reason, self.message, self.hint = "", "", ""
        bodies = {
            "remaining_ns": lambda call: max(self.deadline_ns - time.monotonic_ns(), 0),
            "cancelled": lambda call: 0,
            # This host never cancels, so there is nothing to keep.
            "on_cancel": lambda call, callback, argument: 1,
            "off_cancel": lambda call, registered: None,
            "log": log,
            "fail": lambda call, error: self.fail(error.contents),
        }
        secrets = {
            "get": lambda name, sink: sink.put(self.value(name.text())),
            "begin": self.begin,
            "look": lambda name, sink: sink.put(self.of(name).snapshot()),
            "renew": lambda name, fence, lease_ms: self.of(name).held(fence),
            "read": lambda name, fence, version, sink:
                sink.put(self.of(name).read(fence, version)),
            "stage": self.stage,
            "mark": lambda name, *rest: self.of(name).mark(*rest),
            "state": lambda name, *rest: self.of(name).state(*rest),
            "commit": lambda name, *rest: self.of(name).commit(*rest),
            "drop": lambda name, *rest: self.of(name).drop(*rest),
            "note": lambda name, *rest: self.of(name).note(*rest),
            "end": lambda name, fence: self.of(name).end(fence),
        }
        for member, body in secrets.items():
            bodies[f"secret_{member}"] = self.answering(body)
        self.table = hub.Call(
            struct_size=ctypes.sizeof(hub.Call), attempt=1,
            **{member: hub.function(hub.Call, member, body, self.raised)
               for member, body in bodies.items()})

    def answering(self, body):
        """`body` without the call, its refusals and its silence as a status."""
        def answer(_, *arguments):
            try:
                return body(*arguments) or hub.OK
            except Refused as refused:
                self.reason, self.message, self.hint = refused.reason, refused.message, ""
                return refused.status
        return answer

    def raised(self, error):
        self.reason, self.message = "HOST_FAILED", type(error).__name__

    def fail(self, error):
        """The last one counts; a text that is absent in it keeps what was said before."""
        for member in ("reason", "message", "hint"):
            text = getattr(error, member)
            if text.data:
                setattr(self, member, text.text())

    def of(self, name):
        if name.text() not in self.slot:
            raise Refused(hub.PERMISSION_DENIED, "SECRET_NOT_GRANTED", "no such secret here")
        return self.slot[name.text()]

    def value(self, name):
        """Reads the file at each call: a secret that was replaced meanwhile is seen."""
        if name in self.credential:
            with open(self.credential[name], "rb") as file:
                return file.read().strip()
        return self.of(hub.lend(name)).current()

    def begin(self, name, lease_ms, fence, sink):
        slot = self.of(name)
        fence[0] = slot.begin()
        return sink.put(slot.snapshot())

    def stage(self, name, fence, value, note, slot_note, version):
        version[0] = self.of(name).stage(fence, value.get(), note, slot_note)

    def told(self, what, status):
        """Whether it went well. Says why not."""
        if status != hub.OK:
            print(f"{what}: status {status}, {self.reason}: {self.message}\n{self.hint}",
                  file=sys.stderr)
        return status == hub.OK


def invoke(connector, instance, operation, job):
    """Whether it went well; prints the answer."""
    answer = []

    def write(_, chunk):
        answer.append(chunk.get())
        return hub.OK

    name, _, request = operation.partition("=")
    sink = hub.Sink(None, hub.function(hub.Sink, "write", write))
    status = connector.invoke(instance, job.table, hub.lend(name), hub.lend(request or "{}"), sink)
    if status == hub.OK:
        print(b"".join(answer).decode())
    return job.told(name, status)


def run(connector, config, operations, new_job):
    """Opens a connection, runs the operations up to the first that fails, and closes it."""
    instance = ctypes.c_void_p()
    job = new_job()
    status = connector.open(job.table, hub.lend("example"), hub.lend(config),
                            ctypes.byref(instance))
    if not job.told("open", status):
        return False
    done = all(invoke(connector, instance, operation, new_job()) for operation in operations)
    connector.close(instance)
    return done


def main(arguments):
    if len(arguments) < 5 or "=" not in arguments[2]:
        print("usage: host.py LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...",
              file=sys.stderr)
        return 2
    library, config_file, credential, slot_name, *operations = arguments
    slot = Slot()
    with open(config_file, encoding="utf-8") as file:
        config = file.read()

    def new_job():
        return Job(dict([credential.split("=", 1)]), {slot_name: slot})

    try:
        connector = hub.load(library)
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    host = hub.Host(
        struct_size=ctypes.sizeof(hub.Host), abi_minor=hub.CONNECTOR_MINOR,
        name=hub.lend("python-host"), version=hub.lend("1.0.0"),
        now_unix_ms=hub.function(hub.Host, "now_unix_ms", lambda _: unix_ms()),
        now_monotonic_ns=hub.function(hub.Host, "now_monotonic_ns",
                                      lambda _: time.monotonic_ns()),
        log=hub.function(hub.Host, "log", log),
        query=hub.function(hub.Host, "query", lambda *_: None))  # it has no extensions
    job = new_job()
    done = job.told("start", connector.start(host, job.table))
    if done:
        done = run(connector, config, operations, new_job)
        connector.stop()
    current = slot.slot["current"]
    print(f"{slot_name}: {slot.slot['state']}, current version "
          f"{current['version'] if current else 0}", file=sys.stderr)
    return 0 if done else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
