import { once } from 'node:events';
import { connect as connectHttp2 } from 'node:http2';
import { createServer, type AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { connect as connectTls, createServer as createTlsServer, TLSSocket } from 'node:tls';
import type { ConnectionOptions } from 'node:tls';
import * as assert from 'uvu/assert';
import { Readiness } from '#lib/process/readiness.ts';
import { identityOf, identityUri } from '#lib/tls/peer-identity.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import {
  Authority,
  certificateFolder,
  type CertificateFolder,
  folderOf,
  issue,
} from '#test/harness/certificates.ts';
import { suite } from '#test/harness/suite.ts';
import { GrpcClient } from './client.ts';
import { staffCaller, type Callers } from './callers.ts';
import { startGrpcServer, type GrpcServer } from './server.ts';
import { get, getOrder, host, log, options, reasonOf } from './test-upstream.ts';
import type { CallContext } from './unary-call.ts';
import { unusedHandlers } from './unused-handlers.ts';
import { Order } from '#gen/purser/orders/v1/order.ts';

const test = suite('mutual TLS of gRPC');

const ours = await Authority.create(1);
const theirs = await Authority.create(1);
const hourMs = 3_600_000;

/** Who may call what, as a service has it in its definition. */
const callers: Callers = {
  gateway: 'all',
  [staffCaller]: 'all',
  payments: ['/purser.orders.v1.OrderService/CancelOrder'],
};

let calls: CallContext[] = [];

async function startServer(folder: TlsFolder): Promise<GrpcServer> {
  return startGrpcServer({
    host,
    port: 0,
    implementations: {
      ...unusedHandlers('purser.orders.v1.OrderService'),
      '/purser.orders.v1.OrderService/GetOrder': async (_request, call) => {
        calls.push(call);
        return { ...Order.decode(new Uint8Array()), name: 'orders/1' };
      },
    },
    tls: { folder, callers },
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection: false,
  });
}

const server = await startServer((await folderOf(ours, 'orders')).tls);
const target = `${host}:${server.port}`;

test.before.each(() => {
  calls = [];
});
test.after(() => server.stop());

/** How a call ends for a client with that certificate. */
async function outcomeOf(folder: CertificateFolder | undefined, to = target): Promise<string> {
  const tls = folder && { folder: folder.tls, server: 'orders' };
  const client = new GrpcClient({ target: to, log, tls });
  const outcome = await reasonOf(get(client, { deadline: new Date(Date.now() + 1_500) }));
  client.close();
  return outcome;
}

/** No connection came about, whether that showed before the deadline or at it. */
function assertNoWay(outcome: string, what: string): void {
  assert.ok(
    ['DEPENDENCY_UNAVAILABLE', 'DEADLINE_EXCEEDED'].includes(outcome),
    `${what}: ${outcome}`,
  );
}

test('the gateway comes in, and asks for health as before', async () => {
  const { tls: folder } = await folderOf(ours, 'gateway');
  const client = new GrpcClient({ target, log, tls: { folder, server: 'orders' } });
  await client.checkHealth(1_000);
  assert.is(await reasonOf(get(client)), 'none');
  assert.is(calls[0]?.userId, 'alice');
  client.close();
});

test('a certificate is read once for each connection, not for each call', async () => {
  const read = TLSSocket.prototype.getPeerCertificate;
  let reads = 0;
  TLSSocket.prototype.getPeerCertificate = function (this: TLSSocket, detailed?: boolean) {
    reads += 1;
    return read.call(this, detailed as never);
  } as typeof read;
  for (const connection of [1, 2]) {
    const { tls: folder } = await folderOf(ours, 'gateway');
    const client = new GrpcClient({ target, log, tls: { folder, server: 'orders' } });
    assert.is(await reasonOf(get(client)), 'none');
    const before = reads;
    for (let count = 0; count < 5; count += 1) await get(client);
    assert.is(reads, before, `connection ${connection}`);
    client.close();
  }
  assert.ok(reads >= 2);
  TLSSocket.prototype.getPeerCertificate = read;
});

const named = (name: string) => folderOf(ours, name);
const notIssued: [what: string, folder: () => Promise<CertificateFolder | undefined>][] = [
  ['without TLS', async () => undefined],
  [
    'of another authority',
    async () => certificateFolder(await issue(theirs, 'gateway'), ours.cert),
  ],
  [
    'that it has signed itself',
    async () => certificateFolder(await (await Authority.create(1)).pair(), ours.cert),
  ],
  [
    'that has expired',
    () => folderOf(ours, 'gateway', { notAfter: new Date(Date.now() - hourMs / 60) }),
  ],
  [
    'that is not valid yet',
    () => folderOf(ours, 'gateway', { notBefore: new Date(Date.now() + hourMs) }),
  ],
  ['that is for servers alone', () => folderOf(ours, 'gateway', { client: false })],
];
test('a client with no certificate that can be believed is refused in the handshake', async () => {
  await Promise.all(
    notIssued.map(async ([what, folder]) => {
      assertNoWay(await outcomeOf(await folder()), what);
    }),
  );
  assert.is(calls.length, 0);
});

/** Whether the server goes on to speak HTTP/2 after such a handshake. */
async function isAccepted(more: ConnectionOptions): Promise<boolean> {
  const { tls } = await named('gateway');
  const socket = connectTls({
    host,
    port: server.port,
    ALPNProtocols: ['h2'],
    ...tls.read(),
    // Lets the client propose what OpenSSL has long given up.
    ciphers: 'DEFAULT:@SECLEVEL=0',
    ...more,
  });
  return new Promise((resolve) => {
    socket.once('data', () => resolve(true));
    socket.once('error', () => resolve(false));
    socket.once('close', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}

test('TLS 1.3 is spoken, and nothing older', async () => {
  assert.is(await isAccepted({}), true);
  for (const version of ['TLSv1', 'TLSv1.1', 'TLSv1.2'] as const) {
    assert.is(await isAccepted({ minVersion: 'TLSv1', maxVersion: version }), false, version);
  }
  assert.is(await isAccepted({ cert: undefined, key: undefined }), false, 'no certificate');
});

test('a plain HTTP/2 client gets nothing', async () => {
  const session = connectHttp2(`http://${target}`);
  const outcome = await Promise.race([
    once(session, 'remoteSettings').then(() => 'accepted'),
    once(session, 'error').then(() => 'refused'),
    once(session, 'close').then(() => 'refused'),
  ]).catch(() => 'refused');
  session.destroy();
  assert.is(outcome, 'refused');
});

const strangers: [what: string, folder: () => Promise<CertificateFolder>][] = [
  ['notifications, which the service does not know', () => named('notifications')],
  ['payments, which may call other methods', () => named('payments')],
  ['constructor, a name that every object knows', () => named('constructor')],
  [
    'the gateway by its common name and host name alone',
    () => folderOf(ours, 'gateway', { uri: undefined, hosts: ['gateway'] }),
  ],
  [
    'the gateway of another trust domain',
    () => folderOf(ours, 'gateway', { uri: 'spiffe://elsewhere/gateway' }),
  ],
  [
    'the gateway of a longer path',
    () => folderOf(ours, 'gateway', { uri: 'spiffe://purser/gateway/more' }),
  ],
];
test('whoever is not allowed to call the method is told so', async () => {
  await Promise.all(
    strangers.map(async ([what, folder]) => {
      assert.is(await outcomeOf(await folder()), 'CALLER_NOT_ALLOWED', what);
    }),
  );
  assert.is(calls.length, 0);
});

test('only the caller staff is believed about the role of a user', async () => {
  for (const [name, isStaff] of [
    [staffCaller, true],
    ['gateway', false],
  ] as const) {
    const { tls: folder } = await named(name);
    const client = new GrpcClient({ target, log, tls: { folder, server: 'orders' } });
    await client.unary(
      getOrder,
      { name: 'orders/1', asOf: undefined },
      options({ userRole: 'staff' }),
    );
    assert.is(calls.at(-1)?.isStaff, isStaff, name);
    client.close();
  }
});

const impostors: [what: string, folder: () => Promise<CertificateFolder>][] = [
  ['another host', () => folderOf(ours, 'orders', { hosts: ['elsewhere', '127.0.0.2'] })],
  ['another process on the same host', () => named('payments')],
  ['no process', () => folderOf(ours, 'orders', { uri: undefined })],
  ['a client', () => folderOf(ours, 'orders', { server: false })],
  ['yesterday', () => folderOf(ours, 'orders', { notAfter: new Date(Date.now() - 1_000) })],
  ['another authority', async () => certificateFolder(await issue(theirs, 'orders'), ours.cert)],
];
test('a server with the certificate of somebody else gets no call', async () => {
  const gateway = await named('gateway');
  await Promise.all(
    impostors.map(async ([what, folder]) => {
      const impostor = await startServer((await folder()).tls);
      const outcome = await outcomeOf(gateway, `${host}:${impostor.port}`);
      assertNoWay(outcome, what);
      await impostor.stop();
    }),
  );
  assert.is(calls.length, 0);
});

test('a host that is asked for by its name has to have that name', async () => {
  const lookUp = async () => [host];
  const { tls: folder } = await named('gateway');
  const asked = async (hosts: string[]) => {
    const known = await startServer((await folderOf(ours, 'orders', { hosts })).tls);
    const tls = { folder, server: 'orders' };
    const client = new GrpcClient({ target: `orders:${known.port}`, log, tls, lookUp });
    const outcome = await reasonOf(get(client, { deadline: new Date(Date.now() + 1_500) }));
    client.close();
    await known.stop();
    return outcome;
  };
  assert.is(await asked(['orders']), 'none');
  assertNoWay(await asked(['payments', host]), 'the name of another');
});

test('a client with a certificate sends nothing to a server without TLS', async () => {
  const received: Buffer[] = [];
  const plain = createServer((socket) =>
    socket.on('data', (bytes: Buffer) => received.push(bytes)),
  );
  plain.listen(0, host);
  await once(plain, 'listening');
  const { port } = plain.address() as AddressInfo;
  assert.not.equal(await outcomeOf(await named('gateway'), `${host}:${port}`), 'none');
  // The first byte of a handshake of TLS.
  assert.is(received[0]?.[0], 0x16);
  assert.not.match(Buffer.concat(received).toString('latin1'), /alice|OrderService/);
  plain.close();
});

test('a server that falls silent after the handshake of TLS is given up', async () => {
  const { tls } = await folderOf(ours, 'orders');
  const { promise: again, resolve } = Promise.withResolvers<void>();
  let connections = 0;
  const silent = createTlsServer({ ...tls.read(), ALPNProtocols: ['h2'] }, (socket) => {
    connections += 1;
    if (connections === 2) resolve();
    socket.on('error', () => {});
  });
  silent.listen(0, host);
  await once(silent, 'listening');
  const { tls: folder } = await named('gateway');
  const client = new GrpcClient({
    target: `${host}:${(silent.address() as AddressInfo).port}`,
    log,
    tls: { folder, server: 'orders' },
    times: { handshakeTimeoutMs: 150, stuckTimeoutMs: 60_000 },
  });
  // A second connection is tried only when the first has been given up.
  await again;
  client.close();
  silent.close();
});

test('certificates that are replaced on the disk are taken up without a restart', async () => {
  const [served, calling] = [await folderOf(ours, 'orders'), await named('gateway')];
  const renewed = await startServer(served.tls);
  const to = `${host}:${renewed.port}`;
  assert.is(await outcomeOf(calling, to), 'none');
  // First everybody believes both authorities, then certificates change, then the old one goes.
  const both = `${ours.cert}${theirs.cert}`;
  served.replace(await issue(theirs, 'orders'), both);
  for (const end = Date.now() + 10_000; ;) {
    const outcome = await outcomeOf(calling, to);
    if (outcome !== 'none') break;
    assert.ok(Date.now() < end, 'the server still shows its old certificate');
    await sleep(100);
  }
  calling.replace(await issue(ours, 'gateway'), both);
  assert.is(await outcomeOf(calling, to), 'none');
  calling.replace(await issue(theirs, 'gateway'), theirs.cert);
  assert.is(await outcomeOf(calling, to), 'none');
  await renewed.stop();
});

test('files that do not belong together are refused at the start, passed over later', async () => {
  const good = await issue(ours, 'orders');
  const other = await issue(ours, 'orders');
  const mixed = { cert: good.cert, key: other.key };
  assert.throws(() => certificateFolder(mixed, ours.cert), /cannot be used/);
  const folder = certificateFolder(good, ours.cert);
  const seen: unknown[] = [];
  const unwatch = folder.tls.watch((material) => seen.push(material), log);
  folder.replace(mixed, ours.cert);
  await sleep(200);
  assert.is(seen.length, 0);
  folder.replace(other, ours.cert);
  await sleep(200);
  assert.is(seen.length, 1);
  unwatch();
});

test('an identity is the one URI of a certificate, and nothing that looks like it', () => {
  const uri = `URI:${identityUri('gateway')}`;
  const table: [string, string | undefined][] = [
    [uri, 'gateway'],
    [`DNS:gateway, ${uri}, IP Address:127.0.0.1`, 'gateway'],
    ['', undefined],
    ['DNS:gateway', undefined],
    [`${uri}, URI:spiffe://purser/orders`, undefined],
    [`DNS:"x, ${uri}, y"`, undefined],
    ['URI:spiffe://purser/', undefined],
    ['URI:spiffe://purser/Gateway', undefined],
    ['URI:https://purser/gateway', undefined],
  ];
  for (const [subjectaltname, expected] of table) {
    assert.is(identityOf({ subjectaltname }), expected, subjectaltname);
  }
});

test.run();
