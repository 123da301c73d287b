// One slot: a secret that the connector rotates, as versions with notes.
//
// This one is in memory, for one process with one thread. Where yours is kept, every function must
// be one atomic write that is durable before it returns, values sealed, with a lease that ends by
// the store's clock: connector.h says of each what it promises.
import {randomUUID} from 'node:crypto';

import {copy, Mark, SLOT_STATES, Status} from './hub_connector.js';

// What a function of hub_call answers when it does not answer HUB_OK.
export class Refused extends Error {
  constructor(status, reason, message) {
    super(message);
    this.status = status;
    this.reason = reason;
  }
}

const unusable = (message) => new Refused(Status.FAILED_PRECONDITION, 'VERSION_UNUSABLE', message);

export class Slot {
  slot = {
    slot: randomUUID(), created_at: Date.now(), revision: 0, state: 'active', note: null,
    current: null, pending: null, previous: [],
  };
  values = new Map();  // by version; never in the snapshot
  lastVersion = 0;

  current() {
    const {current} = this.slot;
    if (!current || current.retiring) throw unusable('there is no current version');
    return this.values.get(current.version);
  }

  begin() {
    return ++this.slot.revision;
  }

  snapshot() {
    return JSON.stringify({...this.slot, now: Date.now()});
  }

  // What every write begins with: nothing has changed yet when it refuses.
  held(fence, ...notes) {
    if (Number(fence) !== this.slot.revision)
      throw new Refused(Status.ABORTED, 'LEASE_LOST', 'somebody else began on the slot');
    if (notes.some((note) => note.size > 16 * 1024))
      throw new Refused(Status.INVALID_ARGUMENT, 'NOTE_TOO_LARGE', 'a note has over 16 KiB');
  }

  find(version) {
    const all = [this.slot.pending, this.slot.current, ...this.slot.previous];
    const found = all.find((each) => each?.version === Number(version));
    if (!found) throw new Refused(Status.NOT_FOUND, 'VERSION_ABSENT', 'there is no such version');
    return found;
  }

  read(fence, version) {
    this.held(fence);
    const value = this.values.get(this.find(version).version);
    if (!value) throw new Refused(Status.NOT_FOUND, 'VERSION_ABSENT', 'the version has no value');
    return value;
  }

  stage(fence, value, note, slotNote) {
    this.held(fence, note, slotNote);
    if (value?.length === 0)
      throw new Refused(Status.INVALID_ARGUMENT, 'VERSION_UNUSABLE', 'the value is empty');
    const pending = this.slot.pending ??
      {version: this.lastVersion + 1, note: null, has_value: false, discard: false};
    const staged = this.values.get(pending.version);
    if (pending.discard || (staged && !(value && staged.equals(value))))
      throw unusable('the pending version is discarded or has another value');
    this.lastVersion = pending.version;
    this.slot.pending = pending;
    if (value) this.values.set(pending.version, value);
    pending.has_value = this.values.has(pending.version);
    write(pending, note);
    write(this.slot, slotNote);
    return pending.version;
  }

  mark(fence, version, mark, slotNote) {
    this.held(fence, slotNote);
    const wanted = this.find(version);
    const pending = wanted === this.slot.pending;
    const fixed = wanted === this.slot.current && this.slot.state !== 'revoking';
    if (mark === Mark.DISCARD && pending) wanted.discard = true;
    else if (mark === Mark.RETIRING && !pending && !fixed) wanted.retiring = true;
    else throw unusable('a version in this role cannot be marked so');
    write(this.slot, slotNote);
  }

  state(fence, state, slotNote) {
    this.held(fence, slotNote);
    if (!SLOT_STATES[state])
      throw new Refused(Status.INVALID_ARGUMENT, 'VERSION_UNUSABLE', 'there is no such state');
    this.slot.state = SLOT_STATES[state];
    write(this.slot, slotNote);
  }

  commit(fence, version, graceMs, note, slotNote) {
    this.held(fence, note, slotNote);
    const {slot, values} = this;
    const wanted = this.find(version);
    if (!values.has(wanted.version) || wanted.discard || wanted.retiring)
      throw unusable('the version has no value or is marked');
    if (wanted !== slot.current) {  // else it was done before
      if (wanted === slot.pending) slot.pending = null;
      else if (wanted === slot.previous[0]) slot.previous.shift();
      else throw unusable('the version is neither pending nor the newest previous one');
      // Nobody but this process uses the value, so it has reached everybody.
      const retire_after = Date.now() + Number(graceMs);
      if (slot.current) slot.previous.unshift({...slot.current, retire_after, retiring: false});
      slot.current = {version: wanted.version, note: wanted.note};
    }
    write(slot.current, note);
    write(slot, slotNote);
  }

  drop(fence, version, slotNote) {
    this.held(fence, slotNote);
    const {slot} = this;
    const gone = Number(version);
    if (slot.current?.version === gone) {
      if (slot.state !== 'revoking')
        throw unusable('the version is current, and the slot is not being revoked');
      slot.current = null;
    }
    if (slot.pending?.version === gone) slot.pending = null;
    slot.previous = slot.previous.filter((each) => each.version !== gone);
    this.values.delete(gone);
    write(slot, slotNote);
  }

  note(fence, slotNote) {
    this.held(fence, slotNote);
    write(this.slot, slotNote);
  }

  end(fence) {
    this.held(fence);
  }
}

// An absent note leaves the old one.
function write(owner, note) {
  const json = copy(note);
  if (json !== null) owner.note = JSON.parse(json);
}
