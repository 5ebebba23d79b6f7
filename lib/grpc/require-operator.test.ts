import { Client, credentials, Metadata, status } from '@grpc/grpc-js';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { SystemStatus } from '#gen/purser/operations/v1/system_status.ts';
import { Instance } from '#gen/purser/operations/v1/instance.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { suite } from '../../test/harness/suite.ts';
import { startGrpcServer, type GrpcServer } from './server.ts';
import { log } from './test-upstream.ts';
import { unusedHandlers } from './unused-handlers.ts';

const test = suite('calls that name no user');

const key = 'a-key-of-operators';
const statusPath = '/purser.operations.v1.OperationsService/GetStatus';
const instancePath = '/purser.operations.v1.InstanceService/GetInstance';

const reached: string[] = [];
const servers: GrpcServer[] = [];

async function serve(operatorKey: string | undefined): Promise<Client> {
  const server = await startGrpcServer({
    host: '127.0.0.1',
    port: 0,
    implementations: {
      ...unusedHandlers('purser.operations.v1.OperationsService'),
      [statusPath]: async (_request: unknown, { userId }: { userId: string }) => {
        reached.push(userId);
        return SystemStatus.decode(new Uint8Array());
      },
      [instancePath]: async () => Instance.decode(new Uint8Array()),
    },
    operatorKey,
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection: false,
  });
  servers.push(server);
  return new Client(`127.0.0.1:${server.port}`, credentials.createInsecure());
}

let client: Client;
let closed: Client;
test.before(async () => {
  client = await serve(key);
  closed = await serve(undefined);
});
test.after.each(() => void reached.splice(0));
test.after(async () => {
  client.close();
  closed.close();
  await Promise.all(servers.map((server) => server.stop()));
});

/** OK, or the reason and the status code. */
function call(to: Client, path: string, entries: [string, string][]): Promise<string> {
  const metadata = new Metadata();
  for (const [name, value] of entries) metadata.add(name, value);
  const { requestSerialize, responseDeserialize } = methods[path]!.definition;
  return new Promise((resolve) => {
    to.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, metadata, (error) => {
      resolve(error ? `${fromServiceError(error).reason} ${status[error.code]}` : 'OK');
    });
  });
}

test('the key of operators lets in, and names no user', async () => {
  assert.is(await call(client, statusPath, [['authorization', `Bearer ${key}`]]), 'OK');
  const both: [string, string][] = [
    ['authorization', `bearer ${key}`],
    ['x-user-id', 'ann'],
  ];
  assert.is(await call(client, statusPath, both), 'OK');
  assert.equal(reached, ['', '']);
});

const refused: Record<string, [string, string][]> = {
  nothing: [],
  'a user without a key': [['x-user-id', 'ann']],
  'a user with the role staff': [
    ['x-user-id', 'ann'],
    ['x-user-role', 'staff'],
  ],
  'another key': [['authorization', 'Bearer another-key-of-operators']],
  'the beginning of the key': [['authorization', `Bearer ${key.slice(0, -1)}`]],
  'the key and more': [['authorization', `Bearer ${key}s`]],
  'the key without its scheme': [['authorization', key]],
  'another scheme': [['authorization', `Basic ${key}`]],
  'two keys in one': [['authorization', `Bearer ${key}, Bearer another-key-of-operators`]],
};

for (const [what, entries] of Object.entries(refused)) {
  test(`${what} does not let in`, async () => {
    assert.is(await call(client, statusPath, entries), 'OPERATOR_KEY_REQUIRED UNAUTHENTICATED');
    assert.equal(reached, []);
  });
}

test('where there is no key nobody is let in', async () => {
  for (const sent of [`Bearer ${key}`, 'Bearer undefined']) {
    const found = await call(closed, statusPath, [['authorization', sent]]);
    assert.is(found, 'OPERATIONS_DISABLED PERMISSION_DENIED');
  }
  assert.equal(reached, []);
});

test('our own processes need neither key nor user', async () => {
  assert.is(await call(client, instancePath, []), 'OK');
});

test.run();
