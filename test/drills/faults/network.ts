import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Drill } from '../drill.ts';
import type { Random } from '../random.ts';
import { ChaosProxy, type Weather } from '../world/chaos-proxy.ts';
import type { MemberKind } from '../world/member.ts';
import { Probe, require } from './until.ts';

/** A proxy for each way from the services to the broker and to their databases. */
async function chaos(random: Random, wanted: readonly MemberKind[]) {
  const proxies: ChaosProxy[] = [];
  const link = async (kind: MemberKind, port: number) => {
    if (!wanted.includes(kind)) return port;
    const proxy = await ChaosProxy.open(port, random.fork());
    proxies.push(proxy);
    return proxy.port;
  };
  const undo = async () => {
    for (const proxy of proxies) proxy.close();
  };
  return { proxies, world: { link }, undo };
}

export const unknownPublishes: Drill = {
  name: 'unknown-publishes',
  faults: 'F7',
  says:
    'the broker takes messages, its acknowledgements are swallowed, ' +
    'and then the connection is cut',
  round: 'one silence of 6 s',
  roundsDefault: 3,
  mustObserve: ['unknown publishes', 'repeats the broker dropped'],
  async prepare(random) {
    const { proxies, ...rest } = await chaos(random, ['nats']);
    return {
      ...rest,
      async run(context) {
        const { rounds, injected, load } = context;
        const probe = new Probe(context);
        for (let round = 0; round < rounds; round += 1) {
          for (const proxy of proxies) proxy.weather = { blackHole: 'answers' };
          injected('silences');
          await load.createOrders(100);
          await sleep(6_000);
          for (const proxy of proxies) {
            proxy.reset();
            proxy.weather = {};
          }
          await require(context, 'payments go on after', () => probe.pays(10), 30);
        }
        probe.close();
      },
    };
  },
};

function weather(random: Random): Record<string, Weather> {
  return {
    'delay and jitter': { delayMs: random.between(0, 250), jitterMs: random.between(0, 250) },
    'slices of 100 bytes': { sliceBytes: 100, jitterMs: 1 },
    '10 kB/s': { bytesPerSecond: 10_000, sliceBytes: 500 },
    resets: { resets: 0.02 },
    partition: { blackHole: 'both' },
    'half open: requests vanish': { blackHole: 'requests' },
    'half open: answers vanish': { blackHole: 'answers' },
  };
}

export const badNetwork: Drill = {
  name: 'bad-network',
  faults: 'F15',
  says:
    'the ways to the broker and to PostgreSQL are slow, sliced, narrow, reset, cut ' +
    'or half open',
  round: 'one kind of weather on one of the two for 6 s',
  roundsDefault: 7,
  mustObserve: ['pieces of weather that buyers felt or the proxies saw'],
  async prepare(random) {
    const { proxies, ...rest } = await chaos(random, ['nats', 'postgres']);
    return {
      ...rest,
      async run(context) {
        const { rounds, injected, observed } = context;
        const probe = new Probe(context);
        for (let round = 0; round < rounds; round += 1) {
          const all = Object.entries(weather(random));
          const [name, kind] = all[round % all.length]!;
          const proxy = random.pick(proxies);
          const before = proxy.resets + proxy.held;
          proxy.weather = kind;
          injected(name);
          await sleep(6_000);
          proxy.weather = {};
          if (kind.blackHole !== undefined) proxy.reset();
          const isSeen = proxy.resets + proxy.held > before || kind.blackHole === undefined;
          if (isSeen) observed('pieces of weather that buyers felt or the proxies saw');
          await require(context, 'payments go on after', () => probe.pays(10), 30);
        }
        probe.close();
      },
    };
  },
};

export const packetLoss: Drill = {
  name: 'packet-loss',
  faults: 'F15',
  says: 'packets are lost on every connection of the system: 1 to 10 of a hundred',
  round: '10 s of loss',
  roundsDefault: 3,
  mustObserve: ['packets dropped'],
  needs: 'own network',
  async prepare(random) {
    return {
      async run(context) {
        const { rounds, injected, observed } = context;
        const probe = new Probe(context);
        for (let round = 0; round < rounds; round += 1) {
          const share = random.between(1, 10) / 100;
          const rule = ['-i', 'lo', '-p', 'tcp', '-m', 'statistic', '--mode', 'random'];
          const drop = [...rule, '--probability', String(share), '-j', 'DROP'];
          execFileSync('iptables', ['-A', 'INPUT', ...drop]);
          injected('seconds of packet loss', 10);
          await sleep(10_000);
          const counts = execFileSync('iptables', ['-L', 'INPUT', '-v', '-x', '-n']);
          observed('packets dropped', Number(/^\s*(\d+)\s.*DROP/m.exec(String(counts))?.[1] ?? 0));
          execFileSync('iptables', ['-D', 'INPUT', ...drop]);
          await require(context, 'payments go on after', () => probe.pays(10), 30);
        }
        probe.close();
      },
    };
  },
};
