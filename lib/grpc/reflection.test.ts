import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as assert from 'uvu/assert';
import { Payment } from '#gen/purser/payments/v1/payment.ts';
import { createLogger } from '#lib/log/logger.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '../../test/harness/suite.ts';
import { startGrpcServer, type GrpcServer } from './server.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('reflection');
const log = createLogger({ service: 'test', instance: '0', level: 'silent' });
const buf = fileURLToPath(new URL('../../node_modules/.bin/buf', import.meta.url));
const path = '/purser.payments.v1.PaymentService/GetPayment';

const start = (reflection: boolean) =>
  startGrpcServer({
    host: '127.0.0.1',
    port: 0,
    implementations: {
      ...unusedHandlers('purser.payments.v1.PaymentService'),
      [path]: async (request, call) => ({
        ...Payment.decode(new Uint8Array()),
        name: request.name,
        userId: call.userId,
      }),
    },
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection,
  });

/** What `buf curl` prints, with nothing but the address to go by. */
async function bufCurl(server: GrpcServer, ...rest: string[]): Promise<string> {
  const url = `http://127.0.0.1:${server.port}`;
  const args = [
    'curl',
    '--protocol',
    'grpc',
    '--http2-prior-knowledge',
    ...rest.map((arg) => arg.replace('URL', url)),
  ];
  const { stdout } = await promisify(execFile)(buf, args);
  return stdout.trim();
}

test('a tool that knows nothing but the address calls a method by its names', async () => {
  const server = await start(true);
  for (const protocol of ['grpc-v1', 'grpc-v1alpha']) {
    const call = ['-H', 'x-user-id: alice', '-d', '{"name":"orders/7/payment"}', `URL${path}`];
    const answer = JSON.parse(await bufCurl(server, '--reflect-protocol', protocol, ...call));
    assert.is(answer.name, 'orders/7/payment', protocol);
  }
  await server.stop();
});

test('only the services that are served are listed', async () => {
  const server = await start(true);
  assert.is(await bufCurl(server, '--list-services', 'URL'), 'purser.payments.v1.PaymentService');
  await server.stop();
});

test('a server that was told so does not describe itself', async () => {
  const server = await start(false);
  const refused = await bufCurl(server, '--list-services', 'URL').catch(
    (error: Error) => error.message,
  );
  assert.match(refused, /reflection|unimplemented/i);
  await server.stop();
});

test.run();
