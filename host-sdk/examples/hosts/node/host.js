#!/usr/bin/env node
// A host in Node, to copy and to grow.
//
//     npm install
//     node host.js LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...
//     node host.js ./libdatabricks_token.so config.json admin=pat token create-token check
//
// opens one connection with the configuration in CONFIG_FILE, lends it the secret CREDENTIAL, which
// is in FILE, and the slot SLOT, and runs each OPERATION, with the request {} if none is given.
// Answers go to stdout, logs and errors to stderr. It exits with 0 when all went well, with 1 when
// the connector said no, with 2 when there is no connector.
//
// It needs koffi. hub_connector.js is the header; slot.js keeps the slot. What it leaves to you;
// docs/contract.md has the rules:
//   - The slot is in memory, so a rotated secret is gone with the process.
//   - It loads whatever it is given. A host checks the library's owner and digest, and the
//     configuration and the requests by the schemas in describe(), before the connector sees them.
//   - It masks no secrets in logs, errors and answers, and wipes none.
//   - It never cancels. One that does runs the callbacks of on_cancel, each once.
//   - It takes notes, leases and grace periods as they come (HUB-C-09), and fills an error from
//     whatever was said last (HUB-C-05).
//   - JavaScript has one thread, and it waits while a call runs. A connector that calls its host
//     from a thread of its own, and waits for that, waits for ever: it needs another host.
import {readFileSync} from 'node:fs';

import * as hub from './hub_connector.js';
import {Refused, Slot} from './slot.js';

const SECONDS_FOR_A_CALL = 60;
const LEVELS = ['debug', 'info', 'warning'];  // a level that is not known yet is an error

const monotonic = () => process.hrtime.bigint();

function log(_, level, message) {
  process.stderr.write(`${LEVELS[level] ?? 'error'}: ${hub.copy(message)}\n`);
}

// One start, open or invoke: its deadline, and why it failed.
class Job {
  deadline = monotonic() + BigInt(SECONDS_FOR_A_CALL) * 1_000_000_000n;
  reason = '';
  message = '';
  hint = '';

  remaining() {
    const left = this.deadline - monotonic();
    return left > 0n ? left : 0n;
  }

  // The last one counts; a text that is absent in it keeps what was said before.
  fail(error) {
    for (const member of ['reason', 'message', 'hint'])
      this[member] = hub.copy(error[member])?.toString() ?? this[member];
  }

  refuse(error) {
    if (!(error instanceof Refused)) {
      this.reason = 'HOST_FAILED';
      this.message = error.code ?? error.name;
      return hub.Status.INTERNAL;
    }
    this.reason = error.reason;
    this.message = error.message;
    return error.status;
  }

  // Whether it went well. Says why not.
  told(what, status) {
    if (status !== hub.Status.OK)
      console.error(`${what}: status ${status}, ${this.reason}: ${this.message}\n${this.hint}`);
    return status === hub.Status.OK;
  }
}

class Calls {
  jobs = new Map();  // by the address of their hub_call

  constructor(credential, slots) {
    const of = (name) => {
      const slot = slots.get(String(hub.copy(name)));
      if (slot) return slot;
      throw new Refused(hub.Status.PERMISSION_DENIED, 'SECRET_NOT_GRANTED', 'no such secret here');
    };
    // Reads the file at each call: a secret that was replaced meanwhile is seen.
    const value = (name) => {
      const file = credential.get(String(hub.copy(name)));
      return file ? readFileSync(file, 'utf8').trim() : of(name).current();
    };
    const functions = {
      remaining_ns: (call) => this.jobs.get(call).remaining(),
      cancelled: () => 0,
      on_cancel: () => 1,  // this host never cancels, so there is nothing to keep
      off_cancel: () => {},
      log,
      fail: (call, error) => this.jobs.get(call).fail(hub.failure(error)),
    };
    const secrets = {
      get: (name, sink) => hub.put(sink, value(name)),
      begin(name, leaseMs, fence, sink) {
        hub.set(fence, of(name).begin());
        return hub.put(sink, of(name).snapshot());
      },
      look: (name, sink) => hub.put(sink, of(name).snapshot()),
      renew: (name, fence) => of(name).held(fence),
      read: (name, fence, version, sink) => hub.put(sink, of(name).read(fence, version)),
      stage(name, fence, bytes, note, slotNote, version) {
        hub.set(version, of(name).stage(fence, hub.copy(bytes), note, slotNote));
      },
    };
    for (const each of ['mark', 'state', 'commit', 'drop', 'note', 'end'])
      secrets[each] = (name, ...parameters) => of(name)[each](...parameters);
    for (const [name, body] of Object.entries(secrets))
      functions[`secret_${name}`] = this.answering(body);
    this.members = {};
    for (const [name, body] of Object.entries(functions))
      this.members[name] = hub.callback(hub.Call, name, body);
  }

  // `body` without the call, what it throws and its silence as a status.
  answering(body) {
    return (call, ...parameters) => {
      try {
        return body(...parameters) ?? hub.Status.OK;
      } catch (error) {
        return this.jobs.get(call).refuse(error);
      }
    };
  }

  // What `body` makes of the hub_call of a new job, which ends with it.
  run(body) {
    const job = new Job();
    const call = hub.make(hub.Call, {
      attempt: 1, idempotency_key: hub.ABSENT, trace_parent: hub.ABSENT, ...this.members,
    });
    this.jobs.set(call, job);
    try {
      return body(call, job);
    } finally {
      this.jobs.delete(call);
      hub.release(call);
    }
  }
}

// Runs the operations up to the first that fails. Whether all went well.
function invokeEach(connector, calls, instance, operations) {
  return operations.every((operation) => calls.run((call, job) => {
    const [, name, request] = operation.match(/^([^=]*)=?(.*)$/s);
    const answer = [];
    const write = hub.callback(hub.Sink, 'write', (_, chunk) => {
      answer.push(hub.copy(chunk));
      return hub.Status.OK;
    });
    const status = connector.invoke(instance, call, hub.lend(name), hub.lend(request || '{}'),
                                    {context: null, write});
    if (status === hub.Status.OK) console.log(Buffer.concat(answer).toString());
    return job.told(name, status);
  }));
}

function main([library, configFile, credential, slotName, ...operations]) {
  if (operations.length === 0 || !credential.includes('=')) {
    console.error('usage: host.js LIBRARY CONFIG_FILE CREDENTIAL=FILE SLOT OPERATION[=REQUEST]...');
    return 2;
  }
  const config = readFileSync(configFile);
  const slot = new Slot();
  const calls = new Calls(new Map([credential.split(/=(.*)/s, 2)]), new Map([[slotName, slot]]));
  let connector;
  try {
    connector = hub.load(library);
  } catch (error) {
    console.error(error.message);
    return 2;
  }
  const host = hub.make(hub.Host, {
    abi_minor: hub.CONNECTOR_MINOR,
    name: hub.keep('node-host'),
    version: hub.keep('1.0.0'),
    now_unix_ms: hub.callback(hub.Host, 'now_unix_ms', () => Date.now()),
    now_monotonic_ns: hub.callback(hub.Host, 'now_monotonic_ns', () => monotonic()),
    log: hub.callback(hub.Host, 'log', log),
    query: hub.callback(hub.Host, 'query', () => null),  // it has no extensions
  });
  if (!calls.run((call, job) => job.told('start', connector.start(host, call)))) return 1;
  const [opened, instance] = calls.run((call, job) => {
    const [status, made] = connector.open(call, hub.lend('example'), hub.lend(config));
    return [job.told('open', status), made];
  });
  const done = opened && invokeEach(connector, calls, instance, operations);
  if (opened) connector.close(instance);
  connector.stop();
  const {state, current} = slot.slot;
  console.error(`${slotName}: ${state}, current version ${current?.version ?? 0}`);
  return done ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
