import { paymentCaptured } from '../../services/payments/published.ts';
import { paymentRequested } from '../../services/orders/published.ts';
import { insertOutboxRows } from './postgres/outbox-tables.ts';
import type { Fault } from './plan.ts';
import type { Instance, ServiceName, System } from './system.ts';

/** What was injected that no service can handle, by the id of its event. */
export type Poisons = Set<string>;

/** Makes the fault happen, and what undoes it later. */
export function injectFault(system: System, fault: Fault, poisons: Poisons): void {
  const { world, broker } = system;
  world.note(() => `FAULT ${JSON.stringify(fault)}`);
  const later = (delayMs: number, undo: () => void) =>
    void system.undoing.push(world.after(delayMs, undo));
  switch (fault.kind) {
    case 'kill':
    case 'stop':
    case 'freeze':
    case 'disconnect':
    case 'clock step': {
      const instance = instanceOf(system, fault);
      if (instance) injectInto(system, instance, { fault, later });
      return;
    }
    case 'database crash': {
      const database = system.databases[fault.service];
      database.crash();
      return later(fault.backMs, () => database.start());
    }
    case 'broker copy':
      return broker.disk.copy();
    case 'broker crash':
    case 'broker power loss':
    case 'broker wipe':
    case 'broker restore':
      broker.stop();
      if (fault.kind === 'broker power loss') broker.disk.losePower();
      if (fault.kind === 'broker wipe') broker.disk.wipe();
      if (fault.kind === 'broker restore') broker.disk.restore();
      return later(fault.backMs, () => broker.start());
    case 'broker freeze':
      broker.freeze();
      return later(fault.forMs, () => broker.thaw());
    case 'broker purge':
      return broker.disk.purge();
    case 'redelivery of everything':
      return broker.rewind();
    case 'payments unreachable':
      system.reachable = false;
      return later(fault.forMs, () => (system.reachable = true));
    case 'poison':
      return injectPoison(system, fault, poisons);
    case 'oversized event':
      return writeOversized(system, fault, poisons);
    case 'machine sleeps':
      return world.leapTo(world.nowMs + fault.forMs);
  }
}

function instanceOf(
  system: System,
  { service, which }: { service: ServiceName; which: number },
): Instance | undefined {
  const alive = system.alive(service);
  return alive[which % alive.length];
}

function injectInto(
  system: System,
  instance: Instance,
  { fault, later }: { fault: Fault; later: (delayMs: number, undo: () => void) => void },
): void {
  const { host, service } = instance;
  const again = () => void system.start(service);
  switch (fault.kind) {
    case 'kill':
      host.die();
      return later(fault.backMs, again);
    case 'stop':
      host.run(() => void instance.stop());
      return later(fault.backMs, again);
    case 'freeze':
      host.freeze();
      instance.database.watchIdle();
      return later(fault.forMs, () => host.thaw());
    case 'disconnect':
      return system.broker.disconnect(host);
    case 'clock step':
      host.skewMs += fault.byMs;
      return;
    default:
      throw new Error(`${fault.kind} is nothing that happens to a process`);
  }
}

/** Ends everything that a fault has left behind. */
export function heal(system: System): void {
  const { world, broker, databases, instances } = system;
  world.stormy = false;
  for (const entry of system.undoing) world.cancel(entry);
  world.note(() => 'the faults are over');
  for (const database of Object.values(databases)) database.start();
  broker.thaw();
  if (!broker.up) broker.start();
  system.reachable = true;
  for (const { host } of instances) {
    host.skewMs = 0;
    if (host.alive) host.thaw();
  }
  for (const service of ['orders', 'payments'] as const) {
    if (system.alive(service).length === 0) system.start(service);
  }
}

function poisonId(number: number): string {
  return `dead0000-0000-4000-8000-${String(number).padStart(12, '0')}`;
}

/** A message that no relay has published and that cannot be handled. */
function injectPoison(
  { broker }: System,
  { stream, number }: { stream: ServiceName; number: number },
  poisons: Poisons,
): void {
  if (!broker.up) return;
  const event = stream === 'orders' ? paymentRequested : paymentCaptured;
  const id = poisonId(number);
  const headers = new Map([
    ['ce-id', id],
    ['ce-type', event.type],
    ['Nats-Msg-Id', `${id}:1`],
  ]);
  const subject = event.filterSubject.replace('*', 'poison');
  poisons.add(id);
  broker.inject(stream, { transportId: `${id}:1`, subject, headers, payload: garbage });
}

/** A field of a kind that protobuf does not have. */
const garbage = new Uint8Array([0x0f, 0xff, 0xff]);

/** An event that is larger than the broker takes, written by whatever code. */
function writeOversized(
  { databases, tables }: System,
  { service, number }: { service: ServiceName; number: number },
  poisons: Poisons,
): void {
  const { engine, up } = databases[service];
  if (!up) return;
  const id = `0be51000${poisonId(number).slice(8)}`;
  poisons.add(id);
  const transaction = engine.begin();
  const at = { engine, transaction, snapshot: 0 };
  const payload = Buffer.alloc(2_000);
  const columns = [[id], ['purser.test.v1.Oversized'], ['purser.v1.test'], [''], [payload], [null]];
  insertOutboxRows(at, tables[service], columns).next();
  engine.commit(transaction);
}
