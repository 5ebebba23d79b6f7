// Whom the gateway tells the header Authorization: what a service gets, in the bytes of gRPC.
import { type Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { SystemStatus } from '#gen/purser/operations/v1/system_status.ts';
import { Account } from '#gen/purser/payments/v1/account.ts';
import { suite } from '#test/harness/suite.ts';
import { startTestGateway, type TestGateway } from './test-gateway.ts';

const test = suite('the header Authorization');

const got = new Map<string, Record<string, unknown>>();
const server = new Server();

function answer(path: string, response: unknown): void {
  const { definition, name } = methods[path]!;
  const handler = ({ metadata }: { metadata: Metadata }, reply: (e: null, r: unknown) => void) => {
    got.set(name, metadata.getMap());
    reply(null, response);
  };
  server.addService({ [name]: definition }, { [name]: handler as never });
}

let gateway: TestGateway;
test.before(async () => {
  const empty = new Uint8Array();
  answer('/purser.operations.v1.OperationsService/GetStatus', SystemStatus.decode(empty));
  const account = { ...Account.decode(empty), balance: { currencyCode: 'USD', amountMinor: 0n } };
  answer('/purser.payments.v1.AccountService/GetAccount', account);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  gateway = await startTestGateway(`127.0.0.1:${port}`);
});
test.before.each(() => got.clear());
test.after(async () => {
  await gateway.stop();
  server.forceShutdown();
});

const ask = (path: string, headers: Record<string, string>) => gateway.ask(path, { headers });

test('goes to the operations alone, and names no user there', async () => {
  const headers = { authorization: 'bearer the-key-of-operators', 'x-user-id': 'ann' };
  assert.is((await ask('/v1/operations/status', headers)).status, 200);
  const told = got.get('GetStatus');
  assert.is(told?.['authorization'], 'Bearer the-key-of-operators');
  assert.is(told?.['x-user-id'], undefined);
  assert.is((await ask('/v1/account', headers)).status, 200);
  assert.is(got.get('GetAccount')?.['authorization'], undefined);
  assert.is(got.get('GetAccount')?.['x-user-id'], 'ann');
});

test('is not passed on in a form that holds no one token', async () => {
  for (const authorization of ['Basic YTpi', 'Bearer', 'Bearer a b', 'Bearer a, Bearer b']) {
    got.clear();
    await ask('/v1/operations/status', { authorization });
    assert.ok(got.has('GetStatus'));
    assert.is(got.get('GetStatus')?.['authorization'], undefined, authorization);
  }
});

test.run();
