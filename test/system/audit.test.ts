import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect, headers } from '@nats-io/transport-node';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { runProgram } from '#test/harness/program.ts';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { audit } from '../../services/operations/audit/audit.ts';
import { findSystem } from '../../tools/audit/find-system.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';

const test = suite('npm run audit');

const system = await startSystem({
  PURSER_ORDERS_INSTANCES: '2',
  PURSER_PAYMENTS_INSTANCES: '2',
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

const script = resolve(import.meta.dirname, '../../tools/audit/main.ts');

function run(args: string[], environment: Record<string, string>) {
  const env = { PATH: process.env['PATH'], ...environment };
  return runProgram(process.execPath, [script, ...args], { env });
}

test(
  'ten audits of a busy system find nothing, and see that it is busy',
  async () => {
    const { call } = await fundedUser(system.url, 1_000);
    const over = new AbortController();
    let created = 0;
    const work = async () => {
      while (!over.signal.aborted) {
        await sleep(20);
        const order = { body: { amount: usd(1) }, key: randomUUID() };
        const { body } = await call('POST', '/v1/orders', order);
        if (++created % 3 === 0) await call('POST', `/v1/${body.name}:cancel`, { body: {} });
      }
    };
    const workers = Promise.all(Array.from({ length: 4 }, work));
    let inFlight = 0;
    for (let round = 0; round < 10; round += 1) {
      const before = created;
      const report = await audit(findSystem('auditor', system.environment));
      assert.equal(brokenChecks(report), [], reportText(report));
      assert.ok(created > before, 'orders were created meanwhile');
      inFlight += report.checks.reduce((sum, check) => sum + check.inFlight, 0);
    }
    assert.ok(inFlight > 0, 'some were on their way');
    over.abort();
    await workers;
    await eventually(
      () => system.sql('orders', "select from orders where state in ('PENDING', 'CANCELLING')"),
      ({ length }) => length === 0,
    );
  },
  { timeoutMs: 120_000 },
);

test('finds the system by the variables of npm start and prints a certificate', async () => {
  const file = join(temporaryFolder(), 'audit.json');
  const { exit, output } = await run(['--json', file], system.environment);
  assert.is(exit, 0, output);
  assert.match(output, /Nothing is broken: \d+ checks hold/);
  assert.match(output, /broker +nats-server .*ORDERS \d+ messages, PAYMENTS \d+ messages/);
  assert.match(output, /orders +127\.0\.0\.1:\d+\/orders, PostgreSQL 18/);
  assert.not.match(output, /password|postgresql:\/\//);
  assert.ok(existsSync(file));
  const report = JSON.parse(readFileSync(file, 'utf8')) as Awaited<ReturnType<typeof audit>>;
  assert.ok(report.checks.every(({ checked, id }) => checked > 0 || ['I12', 'I18'].includes(id)));
});

test('a message that no outbox has written is named, and the exit is 1', async () => {
  const connection = await connect({ servers: `127.0.0.1:${system.ports.nats}` });
  const forged = headers();
  forged.set('Nats-Msg-Id', `${randomUUID()}:1`);
  // Nobody consumes it, so that it does no harm here.
  connection.publish('purser.v1.orders.never_written.0', 'x', { headers: forged });
  await connection.flush();
  await connection.close();
  const { exit, output } = await run([], system.environment);
  assert.is(exit, 1, output);
  assert.match(output, /BROKEN I23 +orders/);
  assert.match(output, /"what":"has no row"/);
  assert.match(output, /1 checks are broken\./);
});

test('says what is missing when nothing runs', async () => {
  const folder = temporaryFolder();
  const nothing = await run([], { PURSER_DATA: folder });
  assert.is(nothing.exit, 2);
  assert.match(nothing.output, /There is no data of npm start in .*PURSER_ORDERS_DATABASE_URL/);
  const stopped = await run([], { ...system.environment, PURSER_POSTGRES_PORT: '1' });
  assert.is(stopped.exit, 2);
  assert.match(stopped.output, /No database answers at 127\.0\.0\.1:1\. Does npm start run/);
  const wrong = await run(['--grace', 'soon'], system.environment);
  assert.is(wrong.exit, 2);
  assert.match(wrong.output, /^--grace takes seconds, not soon\.\nUsage: npm run audit -- /);
});

test.run();
