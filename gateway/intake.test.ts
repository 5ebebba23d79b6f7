import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { register } from 'prom-client';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { suite } from '../test/harness/suite.ts';
import { problemOf, startTestGateway, startTestServices, validOrder } from './test-gateway.ts';

const test = suite('what a gateway takes on');

const services = await startTestServices();
const target = `127.0.0.1:${services.port}`;

test.after(() => services.stop());

/** Handlers wait until this is called. */
function hold(): () => void {
  const { promise, resolve } = Promise.withResolvers<void>();
  services.received.length = 0;
  services.onCall = async () => {
    await promise;
  };
  return resolve;
}

const waiting = (count: number) =>
  eventually(
    async () => services.received.length,
    (seen) => seen === count,
  );

test('more requests than it works on are refused at once; probes are answered', async () => {
  const gateway = await startTestGateway(target, { limits: { working: 3 } });
  const goOn = hold();
  const three = [1, 2, 3].map((id) => gateway.ask(`/v1/orders/${id}`));
  await waiting(3);
  for (const refused of [
    await gateway.ask('/v1/orders'),
    await gateway.post('/v1/orders', validOrder),
  ]) {
    assert.is(refused.status, 503);
    assert.is(refused.headers.get('retry-after'), '1');
    assert.is((await problemOf(refused)).reason, 'OVERLOADED');
  }
  assert.is((await gateway.ask('/healthz')).status, 200);
  assert.is((await gateway.ask('/readyz')).status, 200);
  assert.is(services.received.length, 3, 'no service was asked');
  goOn();
  for (const answer of await Promise.all(three)) assert.is(answer.status, 200);
  assert.is((await gateway.ask('/v1/orders')).status, 200, 'there is room again');
  await gateway.stop();
});

/** A connection whose request has announced more of a body than it sends. */
async function trickle(port: number): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    'POST /v1/orders HTTP/1.1\r\nHost: x\r\nX-User-Id: alice\r\n' +
      'Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n{',
  );
  return socket;
}

test('bodies that trickle in take nothing away from requests that are there', async () => {
  const gateway = await startTestGateway(target, { limits: { arriving: 2, working: 1 } });
  hold()();
  const sockets = [await trickle(gateway.port), await trickle(gateway.port)];
  const refused = await eventually(
    () => gateway.post('/v1/orders', validOrder),
    ({ status }) => status === 503,
  );
  assert.is((await problemOf(refused)).reason, 'OVERLOADED');
  assert.is((await gateway.ask('/v1/orders')).status, 200, 'it has no body to wait for');
  sockets[0]!.destroy();
  const accepted = await eventually(
    () => gateway.post('/v1/orders', validOrder),
    ({ status }) => status !== 503,
  );
  assert.is(accepted.status, 201);
  sockets[1]!.destroy();
  await gateway.stop();
});

test('a request that has arrived makes room for the next body', async () => {
  const gateway = await startTestGateway(target, { limits: { arriving: 1 } });
  const goOn = hold();
  const answers: Promise<Response>[] = [];
  for (let count = 1; count <= 3; count += 1) {
    answers.push(gateway.post('/v1/orders', validOrder));
    await waiting(count);
  }
  goOn();
  for (const answer of await Promise.all(answers)) assert.is(answer.status, 201);
  await gateway.stop();
});

test('callers who go leave their places', async () => {
  const gateway = await startTestGateway(target, { limits: { working: 1 } });
  const goOn = hold();
  for (let round = 1; round <= 3; round += 1) {
    const gone = new AbortController();
    const call = fetch(`${gateway.url}/v1/orders/1`, {
      headers: { 'x-user-id': 'alice' },
      signal: gone.signal,
    }).catch(() => 'gone');
    await waiting(round);
    gone.abort();
    assert.is(await call, 'gone');
    await eventually(
      async () => register.getSingleMetric('purser_http_requests_in_hand')!.get(),
      ({ values }) =>
        values.some(({ labels, value }) => labels['phase'] === 'working' && value === 0),
    );
  }
  goOn();
  const answer = await eventually(
    () => gateway.ask('/v1/orders'),
    ({ status }) => status === 200,
  );
  assert.is(answer.status, 200);
  await gateway.stop();
});

test('a connection more than the limit is closed, and the others go on', async () => {
  const gateway = await startTestGateway(target, { limits: { connections: 2 } });
  const idle = [connect(gateway.port, '127.0.0.1'), connect(gateway.port, '127.0.0.1')];
  await Promise.all(idle.map((socket) => once(socket, 'connect')));
  const extra = connect(gateway.port, '127.0.0.1').resume();
  extra.on('error', () => {});
  await once(extra, 'close');
  idle[0]!.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
  const [answer] = (await once(idle[0]!, 'data')) as [Buffer];
  assert.match(answer.toString(), /^HTTP\/1\.1 200 /);
  for (const socket of idle) socket.destroy();
  await gateway.stop();
});

test.run();
