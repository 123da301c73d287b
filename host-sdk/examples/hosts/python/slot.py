"""One slot: a secret that the connector rotates, as versions with notes.

This one is in memory, for one process with one thread. Where yours is kept, every function must be
one atomic write that is durable before it returns, values sealed, with a lease that ends by the
store's clock: connector.h says of each what it promises.
"""
import json
import time
import uuid

import hub_connector as hub


class Refused(Exception):
    """What a function of hub_call answers when it does not answer HUB_OK."""

    def __init__(self, status, reason, message):
        super().__init__(message)
        self.status, self.reason, self.message = status, reason, message


def unix_ms():
    return time.time_ns() // 10**6


class Slot:
    def __init__(self):
        self.slot = {"slot": str(uuid.uuid4()), "created_at": unix_ms(), "revision": 0,
                     "state": "active", "note": None, "current": None, "pending": None,
                     "previous": []}
        self.values = {}  # by version; never in the snapshot
        self.last_version = 0

    def current(self):
        current = self.slot["current"]
        if current is None or current.get("retiring"):
            raise unusable("there is no current version")
        return self.values[current["version"]]

    def begin(self):
        self.slot["revision"] += 1
        return self.slot["revision"]

    def snapshot(self):
        return json.dumps({**self.slot, "now": unix_ms()})

    def held(self, fence, *notes):
        """What every write begins with: nothing has changed yet when it refuses."""
        if fence != self.slot["revision"]:
            raise Refused(hub.ABORTED, "LEASE_LOST", "somebody else began on the slot")
        if any(len(note.get() or b"") > 16 * 1024 for note in notes):
            raise Refused(hub.INVALID_ARGUMENT, "NOTE_TOO_LARGE", "a note has over 16 KiB")

    def find(self, version):
        for each in [self.slot["pending"], self.slot["current"], *self.slot["previous"]]:
            if each and each["version"] == version:
                return each
        raise Refused(hub.NOT_FOUND, "VERSION_ABSENT", "the slot has no such version")

    def read(self, fence, version):
        self.held(fence)
        self.find(version)
        if version not in self.values:
            raise Refused(hub.NOT_FOUND, "VERSION_ABSENT", "the version has no value")
        return self.values[version]

    def stage(self, fence, value, note, slot_note):
        self.held(fence, note, slot_note)
        if value == b"":
            raise Refused(hub.INVALID_ARGUMENT, "VERSION_UNUSABLE", "the value is empty")
        pending = self.slot["pending"] or {"version": self.last_version + 1, "note": None,
                                           "has_value": False, "discard": False}
        if pending["discard"] or self.values.get(pending["version"], value) != value:
            raise unusable("the pending version is discarded or has another value")
        self.last_version = pending["version"]
        self.slot["pending"] = pending
        if value is not None:
            self.values[pending["version"]] = value
            pending["has_value"] = True
        keep(pending, note)
        keep(self.slot, slot_note)
        return pending["version"]

    def mark(self, fence, version, mark, slot_note):
        self.held(fence, slot_note)
        wanted = self.find(version)
        pending = wanted is self.slot["pending"]
        fixed = wanted is self.slot["current"] and self.slot["state"] != "revoking"
        if mark == hub.MARK_DISCARD and pending:
            wanted["discard"] = True
        elif mark == hub.MARK_RETIRING and not pending and not fixed:
            wanted["retiring"] = True
        else:
            raise unusable("a version in this role cannot be marked so")
        keep(self.slot, slot_note)

    def state(self, fence, state, slot_note):
        self.held(fence, slot_note)
        states = {hub.SLOT_ACTIVE: "active", hub.SLOT_REVOKING: "revoking",
                  hub.SLOT_REVOKED: "revoked"}
        if state not in states:
            raise Refused(hub.INVALID_ARGUMENT, "VERSION_UNUSABLE", "a slot has no such state")
        self.slot["state"] = states[state]
        keep(self.slot, slot_note)

    def commit(self, fence, version, grace_ms, note, slot_note):
        self.held(fence, note, slot_note)
        slot, previous = self.slot, self.slot["previous"]
        wanted = self.find(version)
        if version not in self.values or wanted.get("discard") or wanted.get("retiring"):
            raise unusable("the version has no value or is marked")
        if wanted is not slot["current"]:  # else it was done before
            if wanted is slot["pending"]:
                slot["pending"] = None
            elif wanted is previous[0]:
                del previous[0]
            else:
                raise unusable("the version is neither pending nor the newest previous one")
            if slot["current"]:
                # Nobody but this process uses the value, so it has reached everybody.
                previous.insert(0, {**slot["current"], "retire_after": unix_ms() + grace_ms,
                                    "retiring": False})
            slot["current"] = {"version": version, "note": wanted["note"]}
        keep(slot["current"], note)
        keep(slot, slot_note)

    def drop(self, fence, version, slot_note):
        self.held(fence, slot_note)
        slot = self.slot
        for role in ("current", "pending"):
            if slot[role] and slot[role]["version"] == version:
                if role == "current" and slot["state"] != "revoking":
                    raise unusable("the version is current, and the slot is not being revoked")
                slot[role] = None
        slot["previous"] = [each for each in slot["previous"] if each["version"] != version]
        self.values.pop(version, None)
        keep(slot, slot_note)

    def note(self, fence, slot_note):
        self.held(fence, slot_note)
        keep(self.slot, slot_note)

    def end(self, fence):
        self.held(fence)


def unusable(message):
    return Refused(hub.FAILED_PRECONDITION, "VERSION_UNUSABLE", message)


def keep(owner, note):
    """An absent note leaves the old one."""
    if note.data:
        owner["note"] = json.loads(note.get())
