import { setTimeout as sleep } from 'node:timers/promises';
import { type Drill, drill, type DrillContext } from '../drill.ts';
import type { Member, MemberKind } from '../world/member.ts';
import { deedsAt, pointsOf } from '../world/points.ts';

/** Kills at random moments; most of the time something is in flight. */
async function killAtRandom(
  { rounds, random, world, injected, say }: DrillContext,
  kinds: readonly MemberKind[],
  pauseMs: { min: number; max: number },
): Promise<void> {
  for (let round = 1; round <= rounds; round += 1) {
    await sleep(random.between(pauseMs.min, pauseMs.max));
    const victim = random.pick(world.all(...kinds));
    if (await victim.kill()) injected(`kills of ${victim.kind}`);
    else round -= 1;
    if (round % 50 === 0) say(`${round} of ${rounds} kills`);
  }
}

/** Whoever of the kind comes to the point first dies there. */
async function killAtPoint(context: DrillContext, kind: MemberKind): Promise<void> {
  const { world, random, injected, fault } = context;
  const point = random.pick(pointsOf(kind));
  const nth = point === 'relay.leased' ? '' : `@${random.between(1, 5)}`;
  const members = world.all(kind);
  const deaths = () => members.reduce((sum, member) => sum + member.deaths, 0);
  const before = deaths();
  await Promise.all(
    members.map(({ name }) => armWhenUp(context, name, deedsAt(point, `crash${nth}`))),
  );
  const giveUpAt = performance.now() + 20_000;
  while (deaths() === before && performance.now() < giveUpAt) await sleep(10);
  if (deaths() === before) fault(`nobody came to ${point} within 20 s`);
  else injected(`kills of ${kind} at a failpoint`, deaths() - before);
  // The others are not to die later, in a round that is about something else.
  await Promise.all(members.map(({ name }) => disarm(world, name, point)));
}

async function armWhenUp({ world }: DrillContext, name: string, deeds: string): Promise<void> {
  const giveUpAt = performance.now() + 20_000;
  for (;;) {
    try {
      return await world.arm(name, deeds);
    } catch (error) {
      if (performance.now() > giveUpAt) throw error;
      await sleep(50);
    }
  }
}

async function disarm(world: DrillContext['world'], name: string, point: string): Promise<void> {
  await world.arm(name, `${point}=off`).catch(() => {});
}

const killDrill = (
  name: string,
  faults: string,
  kinds: readonly MemberKind[],
  mustObserve: Drill['mustObserve'] = ['deaths'],
): Drill =>
  drill({
    name,
    faults,
    says: `SIGKILL at random moments to ${kinds.join(', ')}`,
    round: 'one kill',
    roundsDefault: 20,
    mustObserve,
    run: (context) => killAtRandom(context, kinds, { min: 50, max: 600 }),
  });

export const killServices = killDrill(
  'kill-services',
  'F1, F2',
  ['orders', 'payments', 'gateway', 'notifications'],
  ['deaths', 'redeliveries'],
);

export const killAll = killDrill('kill-anything', 'F1, F2, F3, F6', [
  'orders',
  'payments',
  'gateway',
  'notifications',
  'nats',
  'postgres',
]);

export const killAtFailpoints = drill({
  name: 'kill-at-points',
  faults: 'F1, F2',
  says: 'a crash of a gateway, Orders or Payments at a random failpoint of the money path',
  round: 'one crash',
  roundsDefault: 20,
  mustObserve: ['deaths', 'redeliveries', 'lease takeovers'],
  async run(context) {
    const { rounds, random, say } = context;
    for (let round = 1; round <= rounds; round += 1) {
      await killAtPoint(context, random.pick(['orders', 'payments', 'payments', 'gateway']));
      if (round % 20 === 0) say(`${round} of ${rounds} crashes`);
    }
  },
});

export const rollingRestart = drill({
  name: 'rolling-restart',
  faults: 'F12',
  says: 'SIGTERM to every process of every service, one after the other, as a deployment does',
  round: 'every process once',
  roundsDefault: 1,
  mustObserve: ['deaths'],
  async run({ rounds, world, injected, fault, load }) {
    for (let round = 0; round < rounds; round += 1) {
      for (const member of world.services) {
        await member.stopOnce();
        injected('restarts');
        if (!(await becomesReady(world, member))) fault(`${member.name} did not come back`);
      }
    }
    await load.stop();
    const open = load.history.filter(({ op, outcome }) => op === 'create' && outcome === 'unknown');
    if (open.length > 0) fault(`${open.length} creations found no answer within their patience`);
  },
});

async function becomesReady(world: DrillContext['world'], { name }: Member): Promise<boolean> {
  const giveUpAt = performance.now() + 30_000;
  while (performance.now() < giveUpAt) {
    if ((await world.internal(name, '/readyz'))?.status === 200) return true;
    await sleep(100);
  }
  return false;
}
