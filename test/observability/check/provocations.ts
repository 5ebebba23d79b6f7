import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { setTimeout as sleep } from 'node:timers/promises';
import { freeze, thaw } from '#test/harness/freeze.ts';
import { testPublisher } from '#test/harness/publish.ts';
import { fundedUser, restClient, type StartedSystem, usd } from '#test/harness/started-system.ts';
import { writeCertificates } from '../../../tools/certs/write-certificates.ts';
import { certificatesIn } from '../../../tools/start/certificates.ts';
import { evaluateIn } from './inspector.ts';

/** Something that goes wrong, and what Prometheus is to say of it. */
export interface Provocation {
  what: string;
  /** Breaks it, and resolves with what mends it. */
  breakIt(system: StartedSystem): Promise<() => Promise<unknown> | unknown>;
  /** Fire while it is broken. */
  during: readonly string[];
  /** Fire after it was mended. */
  after?: readonly string[];
}

/** Callers that order one after the other, until the returned function is called. */
async function orderOn({ url }: StartedSystem, callers: number): Promise<() => Promise<void>> {
  const { userId } = await fundedUser(url, 1_000_000);
  const call = restClient(url, userId);
  const stopping = new AbortController();
  const loop = async () => {
    while (!stopping.signal.aborted) {
      await call('POST', '/v1/orders', { body: { amount: usd(10) } }).catch(() => {});
      await sleep(100);
    }
  };
  const loops = Array.from({ length: callers }, loop);
  return async () => {
    stopping.abort();
    await Promise.all(loops);
  };
}

async function repeatedly(count: number, pauseMs: number, work: () => Promise<unknown>) {
  for (let index = 0; index < count; index += 1) {
    await work();
    await sleep(pauseMs);
  }
}

/** Code that runs in the one process whose command line matches, through Node's inspector. */
async function evaluate(system: StartedSystem, pattern: RegExp, expression: string) {
  const [pid, ...others] = system.pids(pattern);
  if (pid === undefined || others.length > 0) throw new Error(`${pattern} is not one process`);
  const port = /--inspect-port=(\d+)/.exec(system.environment['NODE_OPTIONS'] ?? '')?.[1];
  await evaluateIn(pid, Number(port), expression);
}

/** Ends the processes; resolves when they have been started again. */
async function endAndAwait(system: StartedSystem, pattern: RegExp): Promise<void> {
  const before = system.pids(pattern);
  for (const pid of before) process.kill(pid, 'SIGKILL');
  while (system.pids(pattern).filter((pid) => !before.includes(pid)).length < before.length) {
    await sleep(100);
  }
}

function audit({ url, operatorKey }: StartedSystem): Promise<unknown> {
  return fetch(`${url}/v1/operations/audit:run`, {
    method: 'POST',
    headers: { authorization: `Bearer ${operatorKey}` },
  });
}

/**
 * Begins so many calls of Orders, past the gateway, and never says what they ask for; they stay in
 * hand until Orders loses patience after 10 s. The returned function ends them.
 */
async function beginCalls({ ports }: StartedSystem, count: number): Promise<() => void> {
  // A server takes 500 calls at a time from each connection.
  const connections = Array.from({ length: Math.ceil(count / 500) }, () =>
    connect(`http://127.0.0.1:${ports.orders}`),
  );
  await Promise.all(connections.map((connection) => once(connection, 'remoteSettings')));
  for (let begun = 0; begun < count; begun += 1) {
    const call = connections[begun % connections.length]!.request({
      ':method': 'POST',
      ':path': '/purser.orders.v1.OrderService/GetOrder',
      'content-type': 'application/grpc',
      te: 'trailers',
    });
    call.on('error', () => {});
    call.resume();
  }
  return () => {
    for (const connection of connections) connection.destroy();
  };
}

const brokenPayload = Buffer.from([0xff]);

/** In a system without certificates. */
export const provocations: readonly Provocation[] = [
  {
    what: 'a message that cannot be read',
    during: ['PurserDeadLetters'],
    async breakIt({ ports, sql }) {
      const broker = await testPublisher(`nats://127.0.0.1:${ports.nats}`, 'orders');
      await broker.publish({
        eventId: randomUUID(),
        type: 'purser.orders.v1.PaymentRequested',
        subject: 'purser.v1.orders.payment_requested.broken',
        about: 'orders/broken',
        payload: brokenPayload,
        traceparent: undefined,
      });
      await broker.close();
      return () => sql('payments', 'delete from dead_letters');
    },
  },
  {
    what: 'a wallet with money that nobody has put there',
    during: ['PurserInvariantViolated'],
    async breakIt(system) {
      const { url, sql } = system;
      const { userId } = await fundedUser(url, 1_000);
      const add = (amount: number) =>
        sql(
          'payments',
          `update accounts set balance_minor = balance_minor + ${amount}
          where user_id = '${userId}'`,
        );
      await add(1);
      await audit(system);
      return () => add(-1);
    },
  },
  {
    what: 'an Operations whose clock is two hours behind',
    during: ['PurserAuditStale'],
    async breakIt(system) {
      const operations = /services\/operations\/main/;
      await evaluate(
        system,
        operations,
        `globalThis.Date = class extends (globalThis.trueDate = Date) {
          constructor(...args) {
            super(...(args.length > 0 ? args : [trueDate.now() - 2 * 3_600_000]));
          }
          static now() { return trueDate.now() - 2 * 3_600_000; }
        }`,
      );
      await audit(system);
      return () => endAndAwait(system, operations);
    },
  },
  {
    what: 'a Notifications that keeps 400 MB',
    during: ['PurserMemoryHigh'],
    async breakIt(system) {
      const notifications = /services\/notifications\/main/;
      await evaluate(system, notifications, 'globalThis.kept = Buffer.alloc(400e6, 1)');
      return () => endAndAwait(system, notifications);
    },
  },
  {
    what: 'a gateway that stands still most of the time',
    during: ['PurserEventLoopSlow'],
    async breakIt({ pids }) {
      const gateway = pids(/gateway\/main/);
      const stopping = new AbortController();
      const standing = (async () => {
        while (!stopping.signal.aborted) {
          const frozen = freeze(gateway);
          await sleep(600);
          thaw(frozen);
          await sleep(200);
        }
      })();
      return async () => {
        stopping.abort();
        await standing;
      };
    },
  },
  {
    what: 'five thousand calls that never say what they ask for',
    during: ['PurserOverloaded'],
    breakIt: (system) => beginCalls(system, 5_000),
  },
  {
    what: 'Orders without one of its tables',
    during: ['PurserInternalErrors', 'PurserGatewayErrors'],
    async breakIt(system) {
      const stop = await orderOn(system, 2);
      await system.sql('orders', 'alter table requests rename to requests_away');
      return async () => {
        await system.sql('orders', 'alter table requests_away rename to requests');
        await stop();
      };
    },
  },
  {
    what: 'an order that has lost the step to its payment',
    during: ['PurserReconcilerMends'],
    async breakIt({ url, sql }) {
      const { call } = await fundedUser(url, 1_000);
      const { body } = await call('POST', '/v1/orders', { body: { amount: usd(10) } });
      const id = String(body.name).slice('orders/'.length);
      const paid = `select from orders where id = '${id}' and state = 'PAID'`;
      while ((await sql('orders', paid)).length === 0) await sleep(100);
      await sql('orders', `delete from order_events where order_id = '${id}' and version = 2`);
      await sql(
        'orders',
        `update orders set state = 'PENDING', version = 1, checks = 0,
          check_time = now() - interval '1 minute'
        where id = '${id}'`,
      );
      return () => {};
    },
  },
  {
    what: 'a lock in the database of Payments that nobody lets go',
    during: ['PurserConsumerStuck'],
    async breakIt(system) {
      const stop = await orderOn(system, 2);
      const locked = repeatedly(5, 0, () =>
        // The session's own limit lets it hold the lock for five seconds.
        system
          .sql('payments', 'do $$ begin lock table payments; perform pg_sleep(4.5); end $$')
          .catch(() => {}),
      );
      return async () => {
        await locked;
        await stop();
      };
    },
  },
  {
    what: 'a broker that hangs, with much to publish',
    during: ['PurserOutboxLag', 'PurserOutboxGrows'],
    async breakIt(system) {
      const frozen = freeze(system.pids(/nats-server/));
      await system.sql(
        'orders',
        `insert into outbox (event_id, type, subject, about, payload)
        select gen_random_uuid(), 'purser.test.v1.Happened', 'purser.v1.orders.happened.nobody',
          'orders/nobody', ''
        from generate_series(1, 25000)`,
      );
      return () => thaw(frozen);
    },
  },
  {
    what: 'a right to publish that is taken away again and again',
    during: ['PurserRelayFlaps'],
    async breakIt({ sql }) {
      const taken = repeatedly(16, 1_500, () =>
        sql(
          'orders',
          `update outbox_relay set holder = null, term = term + 1, lease_until = '-infinity'`,
        ),
      );
      return () => taken;
    },
  },
  {
    what: 'a Payments and an Operations that hang for more than a minute',
    during: [
      'PurserInstanceDown',
      'PurserServiceMissing',
      'PurserSideServiceMissing',
      'PurserOrdersWaiting',
      'PurserReconcilerUnanswered',
    ],
    after: ['PurserPaymentsSlow', 'PurserConsumerLag', 'PurserRedeliveries'],
    async breakIt(system) {
      const stop = await orderOn(system, 2);
      const frozen = freeze(system.pids(/services\/(payments|operations)\/main/));
      await sleep(3_000);
      await stop();
      return () => thaw(frozen);
    },
  },
  {
    what: 'databases that hang',
    during: ['PurserDependencyDown', 'PurserGatewaySlow', 'PurserPoolWaits'],
    async breakIt(system) {
      const stop = await orderOn(system, 40);
      const frozen = freeze(system.pids(/bin\/postgres/));
      return async () => {
        thaw(frozen);
        await stop();
      };
    },
  },
];

/** In a system over mutual TLS. */
export const provocationsOverTls: readonly Provocation[] = [
  {
    what: 'certificates that have two days left',
    during: ['PurserCertificateExpires'],
    async breakIt({ dataFolder }) {
      const folder = certificatesIn(dataFolder);
      await writeCertificates(folder, { days: 2 });
      return () => writeCertificates(folder, { days: 30 });
    },
  },
];
