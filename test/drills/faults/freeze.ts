import { setTimeout as sleep } from 'node:timers/promises';
import { drill, type DrillContext } from '../drill.ts';
import { select } from '../observe.ts';
import type { Member } from '../world/member.ts';
import { Probe, require, secondsUntil } from './until.ts';

/** After so long somebody must know that a process is frozen, and work must go round it. */
const detectWithinSeconds = 12;
const normalWithinSeconds = 5;

/** Whether the others have noticed: they are not ready without it, or buyers are served again. */
async function isNoticed({ world }: DrillContext, probe: Probe, { kind }: Member) {
  if (kind === 'nats' || kind === 'postgres') {
    const name = world.settings.instances.find(({ service }) => service.name === 'orders')!.name;
    return (await world.internal(name, '/readyz'))?.status === 503;
  }
  for (let call = 0; call < 4; call += 1) {
    if ((await probe.buys(1_000)) === undefined) return false;
  }
  return true;
}

const frozen = ['orders', 'payments', 'notifications', 'gateway', 'nats', 'postgres'] as const;

export const freeze = drill({
  name: 'freeze',
  faults: 'F5',
  says:
    'SIGSTOP to one process after the other (PostgreSQL with all its sessions) for 1 to 60 s, ' +
    'then SIGCONT',
  round: 'one freeze; six are one of every kind of process',
  roundsDefault: 6,
  mustObserve: ['freezes noticed'],
  async run(context) {
    const { rounds, random, world, injected, observed, measured, fault, say } = context;
    const probe = new Probe(context);
    const kinds = random.shuffle(frozen);
    for (let round = 1; round <= rounds; round += 1) {
      const cycle = Math.floor((round - 1) / kinds.length);
      const members = world.all(kinds[(round - 1) % kinds.length]!);
      const member = members[cycle % members.length]!;
      // In the first cycle each is frozen for so long that somebody must notice.
      const seconds = random.between(cycle === 0 ? detectWithinSeconds + 3 : 1, 60);
      say(`round ${round}: ${member.name} for ${seconds} s`);
      const thawAt = performance.now() + seconds * 1_000;
      member.freeze();
      injected(`freezes of ${member.kind}`);
      // A gateway is noticed by whoever balances them, which is no part of this system.
      const isSeen = member.kind !== 'gateway';
      const limit = isSeen ? Math.min(seconds, 30) : 0;
      const noticed = await secondsUntil(() => isNoticed(context, probe, member), limit);
      if (noticed !== undefined) {
        observed('freezes noticed');
        measured(`a freeze of ${member.kind} is noticed after`, noticed, 's');
        if (noticed > detectWithinSeconds) fault(`${member.name}: noticed after ${noticed} s`);
      } else if (isSeen && seconds > detectWithinSeconds) fault(`${member.name}: nobody noticed`);
      await sleep(Math.max(0, thawAt - performance.now()));
      member.thaw();
      const normal = async () => (await world.isReady()) && (await probe.pays(normalWithinSeconds));
      const what = `back to normal after a freeze of ${member.kind}`;
      const took = await secondsUntil(normal, 30);
      if (took !== undefined) measured(what, took, 's');
      if (took === undefined || took > normalWithinSeconds) fault(`${what}: ${took ?? '> 30'} s`);
    }
    probe.close();
  },
});

export const freezeWithLock = drill({
  name: 'freeze-with-lock',
  faults: 'F4',
  says: 'SIGSTOP to a Payments that holds the locks of wallets in an open transaction',
  round: 'one freeze of 12 s',
  roundsDefault: 2,
  mustObserve: ['locks taken from a frozen process', 'redeliveries'],
  async run(context) {
    const { rounds, random, world, injected, observed } = context;
    const { payments } = world.addresses();
    for (let round = 0; round < rounds; round += 1) {
      const member = random.pick(world.all('payments'));
      await world.arm(member.name, 'settle.locked=hang');
      const hangs = async () => {
        return (await world.internal(member.name, '/failpoints'))!.body.includes('"hanging":["s');
      };
      await require(context, 'a transaction hangs with its locks', hangs, 20);
      const locked = async () => {
        const free = 'select id from accounts for update skip locked';
        const [row] = await select<{ count: string }>(payments, 'select count(*) from accounts');
        return (await select(payments, free)).length < Number(row!.count);
      };
      if (await locked()) injected('freezes with locks');
      member.freeze();
      const isFree = async () => !(await locked());
      const taken = await secondsUntil(isFree, 20);
      if (taken !== undefined) observed('locks taken from a frozen process');
      // idle_in_transaction_session_timeout is 5 s.
      await require(context, 'the locks are free again', isFree, 8 - Math.min(7, taken ?? 8));
      if (taken !== undefined) context.measured('frozen locks were held for', taken, 's');
      await sleep(12_000);
      member.thaw();
      await world.arm(member.name, 'settle.locked=off');
      await require(context, 'ready after the thaw', () => world.isReady(), 10);
    }
  },
});
