import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { Program } from '#test/harness/program.ts';
import { eventually } from '#test/harness/service.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { portProblems } from '../../tools/start/ports.ts';

const test = suite('the commands of the README');

const bash = promisify(execFile);
const projectFolder = resolve(import.meta.dirname, '../..');
const readme = readFileSync(resolve(projectFolder, 'README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);

const standardPorts = {
  PURSER_GATEWAY_PORT: '8080',
  PURSER_ORDERS_PORT: '50051',
  PURSER_PAYMENTS_PORT: '50052',
};

/**
 * The commands stand for the standard ports; where one is taken, if only by somebody's connection,
 * the test moves, and they with it.
 */
const wanted = Object.entries(standardPorts).map(([variable, port]) => ({
  port: Number(port),
  host: '127.0.0.1',
  usedBy: 'the README',
  variable,
}));
const standard = (await portProblems(wanted)).length === 0;
const system = await startSystem(standard ? standardPorts : {});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

function block(pattern: RegExp): string {
  const found = blocks.filter((text) => pattern.test(text));
  assert.is(found.length, 1, `${found.length} blocks match ${pattern}`);
  return found[0]!
    .replaceAll('localhost:8080', `localhost:${system.ports.gateway}`)
    .replaceAll('localhost:50051', `localhost:${system.ports.orders}`)
    .replaceAll('localhost:50052', `localhost:${system.ports.payments}`);
}

/** Runs a block in bash and reads the JSON values that it printed, one after the other. */
async function run(script: string): Promise<any[]> {
  const { stdout } = await bash('bash', ['-euo', 'pipefail', '-c', script], { cwd: projectFolder });
  const values = stdout.replaceAll(/\}\s*\{/g, '}\0{').split('\0');
  return values.map((text) => JSON.parse(text));
}

test('the first order, sent twice, is one order, and is paid', async () => {
  const [first] = await run(block(/my-first-order/));
  const [again] = await run(block(/my-first-order/));
  assert.equal([first.state, again.name], ['PENDING', first.name]);
  const [list, statement] = await eventually(
    () => run(block(/account\/entries/)),
    ([page]) => page.orders[0].state === 'PAID',
  );
  assert.equal(
    list.orders.map(({ name }: any) => name),
    [first.name],
  );
  assert.equal(
    statement.entries.map(({ kind }: any) => kind),
    ['PAYMENT', 'TOP_UP'],
  );
  assert.is(statement.entries[0].balanceAfter.amountMinor, '98750');
});

test('the one that is too dear fails with its reason', async () => {
  const script = block(/A small island/);
  const [created] = await run(script);
  const [last] = await eventually(
    () => run(script.slice(script.lastIndexOf('curl'))),
    ([page]) => page.orders[0].state === 'FAILED',
  );
  assert.equal(
    [last.orders[0].name, last.orders[0].failureReason],
    [created.name, 'INSUFFICIENT_FUNDS'],
  );
});

test('buf curl pays an order by reflection alone', async () => {
  const before = (await run(block(/npx buf/)))[1];
  const [order] = await run(block(/npx buf/));
  assert.is(order.state, 'PENDING');
  await eventually(
    async () => (await run(block(/npx buf/)))[1],
    (account) => BigInt(account.balance.amountMinor) <= BigInt(before.balance.amountMinor) - 700n,
  );
});

const hasGrpcurl = await bash('bash', ['-c', 'command -v grpcurl']).then(
  () => true,
  () => false,
);
if (!hasGrpcurl) {
  test.skip('grpcurl pays an order (not run: grpcurl is not installed here)');
} else {
  test('grpcurl pays an order', async () => {
    const [order, account] = await run(block(/^grpcurl/m));
    assert.equal([order.state, account.userId], ['PENDING', 'demo']);
  });
}

test('newman runs the story of the contracts', async () => {
  const script = block(/npx newman/);
  await bash('bash', ['-euo', 'pipefail', '-c', script], { cwd: projectFolder });
});

test('what happens can be watched', async () => {
  const program = new Program('bash', ['-c', block(/v1\/live/)], { cwd: projectFolder });
  await program.printed(/"kind":"SNAPSHOT"/);
  const [order] = await run(block(/my-first-order/).replace('my-first-order', 'watched'));
  await program.printed(new RegExp(`"kind":"ORDER".*"name":"${order.name}","state":"PAID"`));
  await program.printed(/"kind":"ACCOUNT"/);
  program.child.kill('SIGKILL');
});

test('every block of the README is run by a test above', () => {
  // What needs Docker is run by `npm run compose-check`.
  const here = blocks.filter((text) => !/^docker /m.test(text));
  assert.equal([here.length, blocks.length], [7, 8]);
});

test.run();
