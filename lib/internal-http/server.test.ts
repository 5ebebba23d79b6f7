import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { startInternalServer, type InternalServer } from './server.ts';

const test = suite('internal server');
const log = createLogger({ service: 'test', instance: '0', level: 'silent' });
let up = true;
const readiness = new Readiness({
  checks: { database: () => up || Promise.reject(new Error('down')) },
  log,
});
let server: InternalServer;

const get = (path: string) => fetch(`http://127.0.0.1:${server.port}${path}`);

test.before(async () => {
  server = await startInternalServer({ host: '127.0.0.1', port: 0, readiness });
});
test.after(() => server.stop());

test('a living process is healthy, whatever its dependencies do', async () => {
  up = false;
  const response = await get('/healthz');
  assert.is(response.status, 200);
  assert.equal(await response.json(), { alive: true });
});

test('readiness follows the checks and names what failed', async () => {
  up = true;
  const ready = await get('/readyz?verbose');
  assert.is(ready.status, 200);
  assert.equal(await ready.json(), {
    ready: true,
    degraded: false,
    checks: ['database'],
    failures: {},
  });
  up = false;
  const unready = await get('/readyz');
  assert.is(unready.status, 503);
  assert.equal(await unready.json(), {
    ready: false,
    degraded: false,
    checks: ['database'],
    failures: { database: 'failed' },
  });
});

test('metrics have the process and its event loop', async () => {
  const text = await (await get('/metrics')).text();
  assert.match(text, /^process_resident_memory_bytes /m);
  assert.match(text, /^nodejs_eventloop_lag_p99_seconds /m);
});

test('metrics tell which dependency answers at the moment of the scrape', async () => {
  for (const value of [true, false]) {
    up = value;
    const text = await (await get('/metrics')).text();
    assert.match(text, `purser_dependency_up{dependency="database"} ${value ? 1 : 0}\n`);
  }
});

test('any other path is not found', async () => {
  assert.is((await get('/')).status, 404);
  // Only a process that PURSER_FAILPOINTS lets fail has it.
  assert.is((await get('/failpoints')).status, 404);
});

test('a taken port is an error', async () => {
  try {
    await startInternalServer({ host: '127.0.0.1', port: server.port, readiness });
    assert.unreachable();
  } catch (error) {
    assert.is((error as NodeJS.ErrnoException).code, 'EADDRINUSE');
  }
});

test('a stopped server closes its connections', async () => {
  const other = await startInternalServer({ host: '127.0.0.1', port: 0, readiness });
  await (await fetch(`http://127.0.0.1:${other.port}/healthz`)).text();
  await other.stop();
  const refused = await fetch(`http://127.0.0.1:${other.port}/healthz`).then(
    () => false,
    () => true,
  );
  assert.ok(refused);
});

test.run();
