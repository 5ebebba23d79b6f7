import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { Program } from '#test/harness/program.ts';
import { natsServerBinary } from '#test/harness/servers.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../local/free-port.ts';
import { superuserPassword } from '../local/postgres-cluster.ts';
import { commandLineOf, isRunning, sendSignal } from '../local/running-process.ts';
import { call } from './http.ts';

const test = suite('npm start');

const script = resolve(import.meta.dirname, 'fixture/launch.ts');
const running = /Purser runs/;

interface Setup {
  environment: NodeJS.ProcessEnv;
  dataFolder: string;
  gatewayPort: number;
}

/** A data folder and free ports of its own; the ports of further instances are far apart. */
async function setUp(variables: NodeJS.ProcessEnv = {}): Promise<Setup> {
  const dataFolder = join(temporaryFolder(), 'data');
  const names = ['GATEWAY', 'ORDERS', 'PAYMENTS'].flatMap((name) => [name, `${name}_INTERNAL`]);
  const ports: Record<string, string> = {};
  for (const name of [...names, 'POSTGRES', 'NATS']) {
    ports[`PURSER_${name}_PORT`] = String(await freePort());
  }
  const environment = {
    ...process.env,
    PATH: `${dirname(await natsServerBinary())}:${process.env['PATH']}`,
    PURSER_DATA: dataFolder,
    ...ports,
    ...variables,
  };
  return { environment, dataFolder, gatewayPort: Number(ports['PURSER_GATEWAY_PORT']) };
}

function launch({ environment }: Setup, ...args: string[]): Program {
  return new Program(process.execPath, [script, ...args], { env: environment });
}

/** The processes that have to do with a data folder; every one names it in its command line. */
function processesOf(dataFolder: string): string[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && isRunning(Number(name)))
    .map((pid) => `${pid} ${commandLineOf(Number(pid)) ?? ''}`)
    .filter((line) => line.includes(dataFolder));
}

async function nothingLeft(dataFolder: string): Promise<void> {
  for (let left = 100; processesOf(dataFolder).length > 0 && left > 0; left -= 1) await sleep(50);
  assert.equal(processesOf(dataFolder), []);
}

function pidOf({ dataFolder }: Setup, name: string): number {
  return Number(readFileSync(join(dataFolder, 'run', `${name}.pid`), 'utf8'));
}

function logOf({ dataFolder }: Setup, name: string): string {
  return readFileSync(join(dataFolder, 'log', `${name}.log`), 'utf8');
}

test(
  'starts everything, and SIGTERM leaves no process',
  async () => {
    const setup = await setUp();
    const program = launch(setup);
    await program.printed(running);
    assert.is(processesOf(setup.dataFolder).length, 5, program.output);
    const stoppedAt = performance.now();
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 0, program.output);
    assert.ok(performance.now() - stoppedAt < 10_000);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'a second start keeps the data and its passwords',
  async () => {
    const setup = await setUp();
    for (const expected of [1, 2]) {
      const program = launch(setup);
      await program.printed(running);
      const { body } = await call({
        host: '127.0.0.1',
        port: Number(setup.environment['PURSER_ORDERS_PORT']),
        path: '/environment',
      });
      const environment = JSON.parse(body) as Record<string, string>;
      assert.is(await countRuns(environment['PURSER_ORDERS_DATABASE_URL']!), expected);
      program.child.kill('SIGINT');
      assert.is(await program.exited, 0, program.output);
    }
  },
  { timeoutMs: 120_000 },
);

async function query<Row>(url: string, text: string): Promise<Row[]> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text)).rows as Row[];
  } finally {
    await client.end();
  }
}

async function countRuns(url: string): Promise<number> {
  const rows = await query<{ count: number }>(url, 'select count(*)::int from runs');
  return rows[0]!.count;
}

test(
  'a database that belongs to its service, as in version 0.1, gets an owner of its own',
  async () => {
    const setup = await setUp();
    for (const start of [1, 2]) {
      const program = launch(setup);
      await program.printed(running);
      const password = superuserPassword(join(setup.dataFolder, 'postgres'));
      const port = setup.environment['PURSER_POSTGRES_PORT'];
      const url = `postgresql://postgres:${password}@127.0.0.1:${port}/orders`;
      const owners = await query<{ owner: string }>(
        url,
        `select datdba::regrole as owner from pg_database where datname = 'orders'
         union all select relowner::regrole from pg_class where relname = 'runs'`,
      );
      assert.equal(owners, [{ owner: 'orders_owner' }, { owner: 'orders_owner' }]);
      assert.is(await countRuns(url), start);
      await query(url, 'alter database orders owner to orders; alter table runs owner to orders');
      program.child.kill('SIGINT');
      assert.is(await program.exited, 0, program.output);
    }
  },
  { timeoutMs: 120_000 },
);

test(
  'gives every process its own variables, and no other database',
  async () => {
    const setup = await setUp({ PURSER_ORDERS_INSTANCES: '2', PURSER_LOG_LEVEL: 'warn' });
    const program = launch(setup);
    await program.printed(running);
    const first = Number(setup.environment['PURSER_ORDERS_PORT']);
    const { body } = await call({ host: '127.0.0.1', port: first + 100, path: '/environment' });
    const orders = JSON.parse(body) as Record<string, string>;
    assert.is(orders['PURSER_ORDERS_PORT'], String(first + 100));
    assert.is(orders['PURSER_ORDERS_TARGET'], `127.0.0.1:${first},127.0.0.1:${first + 100}`);
    assert.is(orders['PURSER_LOG_LEVEL'], 'warn');
    assert.match(orders['PURSER_ORDERS_DATABASE_URL'] ?? '', /^postgresql:\/\/orders:.+\/orders$/);
    assert.is(orders['PURSER_PAYMENTS_DATABASE_URL'], undefined);
    // The address of the owner is for the migration alone.
    assert.not.match(body, /MIGRATION_DATABASE_URL|orders_owner/);
    program.child.kill('SIGTERM');
    await program.exited;
  },
  { timeoutMs: 120_000 },
);

test(
  'starts what dies again, and shows warnings of the services',
  async () => {
    const setup = await setUp();
    const program = launch(setup);
    await program.printed(running);
    for (const name of ['orders-1', 'gateway-1']) sendSignal(pidOf(setup, name), 'SIGKILL');
    const postmaster = join(setup.dataFolder, 'postgres/cluster/postmaster.pid');
    sendSignal(Number.parseInt(readFileSync(postmaster, 'utf8'), 10), 'SIGKILL');
    const nats = join(setup.dataFolder, 'nats/nats-server.pid');
    sendSignal(Number(readFileSync(nats, 'utf8')), 'SIGKILL');
    for (const name of ['orders-1', 'gateway-1', 'PostgreSQL', 'nats-server']) {
      await program.printed(new RegExp(`${name} has ended \\(.*SIGKILL\\); starting it again`));
    }
    const warn = () => call({ host: '127.0.0.1', port: setup.gatewayPort, path: '/warn' });
    while (
      await warn().then(
        () => false,
        () => true,
      )
    )
      await sleep(50);
    await program.printed(/gateway-1: warn: look here \(why\)/);
    assert.not.match(program.output, /nothing to see/);
    while (processesOf(setup.dataFolder).length < 5) await sleep(50);
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 0, program.output);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'a killed run does not block the next one',
  async () => {
    const setup = await setUp({ FIXTURE: 'stubborn' });
    const program = launch(setup);
    await program.printed(running);
    program.child.kill('SIGKILL');
    await program.exited;
    const again = launch(setup);
    await again.printed(running);
    again.child.kill('SIGTERM');
    assert.is(await again.exited, 0, again.output);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'a service that does not stop is ended within ten seconds',
  async () => {
    const setup = await setUp({ FIXTURE: 'stubborn' });
    const program = launch(setup);
    await program.printed(running);
    const stoppedAt = performance.now();
    program.child.kill('SIGINT');
    assert.is(await program.exited, 0, program.output);
    assert.ok(performance.now() - stoppedAt < 10_000);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'pages that cannot be built are left out, and said; everything else runs',
  async () => {
    const ports = {
      PURSER_WEB_PORT: String(await freePort()),
      PURSER_WEB_INTERNAL_PORT: String(await freePort()),
    };
    const setup = await setUp(ports);
    const program = launch(setup, 'with-broken-pages');
    await program.printed(running);
    assert.match(program.output, /Everything runs without web: .*failed:\n.*semicolon too many/);
    assert.not.match(program.output, /web-1|in a browser/);
    assert.is(processesOf(setup.dataFolder).length, 5, program.output);
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 0, program.output);
  },
  { timeoutMs: 120_000 },
);

test(
  'a second Ctrl-C ends everything at once',
  async () => {
    const setup = await setUp({ FIXTURE: 'stubborn' });
    const program = launch(setup);
    await program.printed(running);
    const stoppedAt = performance.now();
    program.child.kill('SIGINT');
    // npm repeats the signal that the terminal has sent to all: that is not a second key press.
    await sleep(100);
    program.child.kill('SIGINT');
    await sleep(1000);
    assert.ok(isRunning(program.child.pid!));
    program.child.kill('SIGINT');
    assert.is(await program.exited, 1);
    assert.ok(performance.now() - stoppedAt < 2500);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'a stop in the middle of the start leaves nothing',
  async () => {
    const setup = await setUp();
    const program = launch(setup);
    while (processesOf(setup.dataFolder).length === 0) await sleep(5);
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 0, program.output);
    assert.not.match(program.output, running);
    await nothingLeft(setup.dataFolder);
  },
  { timeoutMs: 120_000 },
);

test(
  'the demo user is given money with a key that never changes',
  async () => {
    const setup = await setUp();
    const program = launch(setup);
    await program.printed(running);
    assert.match(logOf(setup, 'gateway-1'), /^top-up 1 with key demo-top-up$/m);
    program.child.kill('SIGTERM');
    await program.exited;
  },
  { timeoutMs: 120_000 },
);

async function refusal(setup: Setup, ...args: string[]): Promise<string> {
  const program = launch(setup, ...args);
  assert.is(await program.exited, 1, program.output);
  await nothingLeft(setup.dataFolder);
  return program.output.trim();
}

test('refuses wrong variables, a sentence for each', async () => {
  const setup = await setUp({ PURSER_GATEWAY_PORT: '80800', PURSER_ORDERS_INSTANCES: 'two' });
  const lines = (await refusal(setup)).split('\n');
  assert.is(lines.length, 2);
  assert.match(lines[0] ?? '', /^PURSER_GATEWAY_PORT must be a whole number .*not "80800"\.$/);
  assert.match(lines[1] ?? '', /^PURSER_ORDERS_INSTANCES must be a whole number .*not "two"\.$/);
});

test('refuses a taken port, naming it, its variable and who has it', async () => {
  const setup = await setUp();
  const server = createServer();
  await new Promise<void>((done) => server.listen(setup.gatewayPort, '127.0.0.1', done));
  const output = await refusal(setup);
  const by = `is taken by .+ \\(process ${process.pid}\\): stop that, or set PURSER_GATEWAY_PORT`;
  assert.match(output, new RegExp(`^Port ${setup.gatewayPort} \\(gateway-1\\) ${by}`));
  assert.is(output.split('\n').length, 1);
  server.close();
});

test(
  'refuses a second start on the same data',
  async () => {
    const setup = await setUp();
    const program = launch(setup);
    await program.printed(running);
    const second = launch(setup);
    assert.is(await second.exited, 1);
    const { pid } = program.child;
    const sentence = `^Another npm start \\(process ${pid}\\) runs on ${setup.dataFolder}: stop it`;
    assert.match(second.output, new RegExp(`${sentence}, or set PURSER_DATA`));
    // The first one is not disturbed.
    assert.is(processesOf(setup.dataFolder).length, 5);
    program.child.kill('SIGTERM');
    assert.is(await program.exited, 0);
  },
  { timeoutMs: 120_000 },
);

test(
  'says what to install when there is no nats-server',
  async () => {
    const setup = await setUp({ PATH: '/usr/bin:/bin' });
    const found = execFileSync('/bin/sh', ['-c', 'command -v nats-server || true'], {
      env: { PATH: '/usr/bin:/bin' },
      encoding: 'utf8',
    });
    if (found !== '') return;
    const output = await refusal(setup, 'without-nats');
    assert.match(
      output,
      /^No nats-server 2\.9\.0 or newer can be had\. Install it .*brew install/m,
    );
  },
  { timeoutMs: 120_000 },
);

test(
  'says which service does not start, and why',
  async () => {
    const output = await refusal(await setUp({ FIXTURE: 'broken' }));
    assert.match(output, /(orders|payments)-1 has ended \(exit code 1\)/);
    assert.match(output, /The fixture cannot start\./);
  },
  { timeoutMs: 120_000 },
);

test.run();
