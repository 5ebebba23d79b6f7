// The whole system over mutual TLS, and who does not come in anywhere.
import { join } from 'node:path';
import { connect as connectNats } from '@nats-io/transport-node';
import pg from 'pg';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { GrpcClient } from '#lib/grpc/client.ts';
import { TlsFolder } from '#lib/tls/tls-folder.ts';
import { runProgram } from '#test/harness/program.ts';
import { reasonOf, testLog } from '#test/harness/service.ts';
import { finalOrders, fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { withCertificate } from '#lib/pg/ssl.ts';
import { keptSecret } from '../../tools/start/kept-secret.ts';
import { writeCertificates } from '../../tools/certs/write-certificates.ts';

const test = suite('npm start over mutual TLS');

const system = await startSystem({ PURSER_TLS: 'on' });
const certificates = join(system.dataFolder, 'certificates');
/** Of an authority that nobody here knows. */
const strange = join(temporaryFolder(), 'certificates');
await writeCertificates(strange, { days: 1 });

test.after(() => system.stop(), { timeoutMs: 120_000 });

test(
  'an order is paid for, its changes come over the WebSocket, and the audit finds all sound',
  async () => {
    const { userId, call: rest } = await fundedUser(system.url, 5_000);
    const headers = { 'x-user-id': userId, 'content-type': 'application/json' };
    const made = await fetch(`${system.url}/v1/liveTickets`, {
      method: 'POST',
      headers,
      body: '{}',
    });
    const { ticket } = (await made.json()) as { ticket: string };
    const socket = new WebSocket(`${system.url.replace('http', 'ws')}/v1/live?ticket=${ticket}`);
    const paid = new Promise<void>((resolve, reject) => {
      socket.addEventListener('open', () => socket.send('{}'));
      socket.addEventListener('error', () => reject(new Error('the WebSocket failed')));
      socket.addEventListener('message', ({ data }) => {
        if (String(data).includes('"PAID"')) resolve();
      });
    });
    await rest('POST', '/v1/orders', { body: { amount: usd(700), description: 'a lamp' } });
    const [order] = await finalOrders(rest, 1);
    assert.is(order?.state, 'PAID');
    await paid;
    socket.close();
    // What Orders asks Payments on behalf of the user.
    const explained = await rest('GET', `/v1/${order?.name}:explain`);
    assert.is(explained.status, 200);
    const payment = await rest('GET', `/v1/${order?.name}/payment`);
    assert.is(payment.body.state, 'CAPTURED');
    await system.requireSound();
  },
  { timeoutMs: 120_000 },
);

test('the tools for operators come in with certificates of their own', async () => {
  const env = { ...process.env, ...system.environment };
  const dlq = await runProgram(process.execPath, ['tools/dlq/main.ts', 'list'], { env });
  assert.equal(dlq, { exit: 0, output: 'There are no dead letters.\n' });
});

const getAccount = methods['/purser.payments.v1.AccountService/GetAccount'];
async function call(port: number, server: string, folder: string | undefined): Promise<string> {
  const tls = folder === undefined ? undefined : { folder: new TlsFolder(folder), server };
  const client = new GrpcClient({ target: `127.0.0.1:${port}`, log: testLog, tls });
  const deadline = new Date(Date.now() + 1_000);
  const options = { userId: 'demo', requestId: 'request-0001', deadline };
  return reasonOf(client.unary(getAccount, {} as never, options)).finally(() => client.close());
}

test('gRPC: no call without a certificate, nor with one that names somebody else', async () => {
  const { payments } = system.ports;
  assert.is(await call(payments, 'payments', undefined), 'DEPENDENCY_UNAVAILABLE');
  const gateway = join(strange, 'gateway');
  assert.is(await call(payments, 'payments', gateway), 'DEPENDENCY_UNAVAILABLE');
  const orders = join(certificates, 'orders');
  assert.is(await call(payments, 'payments', orders), 'CALLER_NOT_ALLOWED');
  assert.is(
    await call(payments, 'orders', join(certificates, 'gateway')),
    'DEPENDENCY_UNAVAILABLE',
  );
});

test('WebSockets: only the gateway may say whose they are', async () => {
  const { request } = await import('node:https');
  const upgrade = (name: string, folder = certificates) =>
    new Promise<number | string>((resolve) => {
      const outgoing = request({
        host: '127.0.0.1',
        port: system.ports.live,
        path: '/v1/live',
        headers: {
          connection: 'Upgrade',
          upgrade: 'websocket',
          'sec-websocket-version': '13',
          'sec-websocket-key': 'AAAAAAAAAAAAAAAAAAAAAA==',
          'x-user-id': 'demo',
        },
        ...new TlsFolder(join(folder, name)).read(),
        // Who answers is not the question here.
        rejectUnauthorized: false,
      });
      outgoing.on('upgrade', (_response, socket) => {
        socket.destroy();
        resolve(101);
      });
      outgoing.on('response', (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      });
      outgoing.on('error', () => resolve('refused'));
      outgoing.end();
    });
  assert.is(await upgrade('gateway'), 101);
  assert.is(await upgrade('orders'), 403);
  assert.is(await upgrade('gateway', strange), 'refused');
  const plain = await fetch(`http://127.0.0.1:${system.ports.live}/v1/live`).catch(() => 'refused');
  assert.is(plain, 'refused');
});

test('PostgreSQL: a password alone opens nothing', async () => {
  const port = system.environment['PURSER_POSTGRES_PORT'];
  const password = keptSecret(join(system.dataFolder, 'postgres', 'orders.password'));
  const plain = `postgresql://orders:${password}@127.0.0.1:${port}/orders`;
  const outcomeOf = async (connectionString: string) => {
    const client = new pg.Client({ connectionString });
    client.on('error', () => {});
    const outcome = await client.connect().then(
      () => 'open',
      () => 'refused',
    );
    await client.end().catch(() => {});
    return outcome;
  };
  const within = (folder: string, name: string) => withCertificate(plain, join(folder, name));
  assert.is(await outcomeOf(within(certificates, 'orders')), 'open');
  const wrongPassword = within(certificates, 'orders').replace(password, 'wrong');
  assert.is(await outcomeOf(wrongPassword), 'refused', 'a certificate alone');
  assert.is(await outcomeOf(plain), 'refused', 'without TLS');
  assert.is(await outcomeOf(within(certificates, 'payments')), 'refused', "another role's");
  assert.is(await outcomeOf(within(strange, 'orders')), 'refused', 'of another authority');
  const ca = join(certificates, 'orders', 'ca.crt');
  const without = `${plain}?sslmode=verify-full&sslrootcert=${ca}`;
  assert.is(await outcomeOf(without), 'refused', 'without a certificate');
});

test('the broker takes nobody without a certificate', async () => {
  const servers = `127.0.0.1:${system.ports.nats}`;
  const files = (folder: string) => new TlsFolder(join(folder, 'orders')).files();
  const outcomeOf = (tls: object | undefined) =>
    connectNats({ servers, reconnect: false, timeout: 2_000, ...(tls && { tls }) }).then(
      async (connection) => {
        await connection.close();
        return 'open';
      },
      () => 'refused',
    );
  assert.is(await outcomeOf(files(certificates)), 'open');
  assert.is(await outcomeOf(undefined), 'refused');
  assert.is(await outcomeOf({ caFile: files(certificates).caFile }), 'refused');
  assert.is(await outcomeOf(files(strange)), 'refused');
  const { caFile } = files(certificates);
  assert.is(await outcomeOf({ ...files(strange), caFile }), 'refused');
});

test.run();
