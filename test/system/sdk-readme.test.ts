import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { installSdk, packSdk, succeed, systemNode } from '#test/harness/sdk-package.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('the examples of the SDK’s README, in a project of somebody else’s');

const projectFolder = resolve(import.meta.dirname, '../..');
const readme = readFileSync(join(projectFolder, 'sdk/README.md'), 'utf8');
const blocks = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, text]) => text!);
const node = systemNode();
const version = execFileSync(node, ['--version'], { encoding: 'utf8' }).trim();

const [scratch, system] = await Promise.all([packSdk().then(installSdk), startSystem()]);

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** Whoever trusts a library no further than its types: all of them are checked. */
const compilerOptions = {
  target: 'es2022',
  module: 'nodenext',
  lib: ['es2022', 'dom', 'dom.asynciterable'],
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  outDir: 'out',
};

/** The examples by number, with the addresses of the system that runs. */
const examples = blocks.map((text) =>
  text
    .replaceAll('localhost:8080', `localhost:${system.ports.gateway}`)
    .replaceAll('localhost:50051', `localhost:${system.ports.orders}`)
    .replaceAll('localhost:50052', `localhost:${system.ports.payments}`),
);
const overRest = examples.filter((text) => !text.includes('PurserGrpc'));

/** Type-checks files, and compiles them into `out`; throws what the compiler says. */
async function compile(files: Record<string, string>, types: string[] = []): Promise<void> {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(scratch, name), text);
  const config = { compilerOptions: { ...compilerOptions, types }, files: Object.keys(files) };
  writeFileSync(join(scratch, 'tsconfig.json'), JSON.stringify(config));
  await succeed('tsc', ['-p', '.', '--pretty', 'false'], scratch);
}

const nameOf = (text: string) => `example-${examples.indexOf(text)}`;

/** Runs the one example that the pattern fits; what it printed. */
function run(pattern: RegExp): Promise<string> {
  const [found, ...others] = examples.filter((text) => pattern.test(text));
  assert.ok(found !== undefined && others.length === 0, `not one block matches ${pattern}`);
  return succeed(node, [join('out', `${nameOf(found)}.js`)], scratch);
}

test('they pass the type checker, the package’s own declarations too', async () => {
  await compile(Object.fromEntries(overRest.map((text) => [`${nameOf(text)}.ts`, text])));
});

test(`the first order is paid, on Node ${version}`, async () => {
  assert.match(await run(/Two coffees/), /^orders\/\S+ is paid; \$[\d,]+\.\d\d are left\.\n$/);
});

test('money', async () => {
  const lines = (await run(/addMoney\(usd/)).split('\n');
  assert.equal(lines, [
    '0.30 true',
    '￥1,250',
    'true',
    'RangeError: USD and EUR are different currencies.',
    '',
  ]);
});

test('lists', async () => {
  assert.match(await run(/orders\.list\(/), /^1250 minor units are paid\.\n2 \n$/);
});

test('waiting for an order', async () => {
  const states = (await run(/orders\.watch\(/)).trim().split('\n');
  assert.ok(states.includes('PAID'), states.join());
  assert.is(states.at(-1), 'CANCELLED');
});

test('errors', async () => {
  assert.is(await run(/error\.is\(/), 'amount.amountMinor must be at least 1\n');
});

test('tries and time', async () => {
  assert.is(await run(/cart-4711/), 'true\n');
});

test('gRPC, with the packages that it needs', async () => {
  for (const name of ['@grpc/grpc-js', '@bufbuild/protobuf', '@types/node']) {
    const link = join(scratch, 'node_modules', name);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(join(projectFolder, 'node_modules', name), link);
  }
  const [example = ''] = examples.filter((text) => !overRest.includes(text));
  await compile({ [`${nameOf(example)}.ts`]: example }, ['node']);
  assert.is(await run(/PurserGrpc/), 'ASSEMBLED\n');
});

test('every example of the README is run by a test above', () => {
  assert.is(blocks.length, 7);
});

test('what the types forbid does not compile', async () => {
  const wrong: readonly [statement: string, message: RegExp][] = [
    [`await purser.orders.create({ amount: 12.5 });`, /number/],
    [`await purser.orders.create({ amount: usd('1'), state: 'PAID' });`, /'state' does not exist/],
    [`await purser.orders.ship('orders/1');`, /Expected 2 arguments/],
    [`await purser.orders.cancel('orders/1', { idempotencyKey: 'x' });`, /does not exist/],
    [`(await purser.orders.get('x')).shipment.carrier;`, /possibly 'undefined'/],
    [`(await purser.orders.get('x')).version + 1;`, /'bigint' and/],
  ];
  const opening = `import { Purser, usd } from '@purser/sdk';
    const purser = new Purser({ baseUrl: '', userId: 'demo' });\n`;
  const files = wrong.map(([statement], index) => [`wrong-${index}.ts`, opening + statement]);
  const { message: told } = await compile(Object.fromEntries(files)).then(
    () => assert.unreachable('it compiles') as never,
    (error: Error) => error,
  );
  for (const [index, [statement, message]] of wrong.entries()) {
    const line = told.split('\n').find((each) => each.startsWith(`wrong-${index}.ts`)) ?? '';
    assert.match(line, message, statement);
  }
});

test.run();
