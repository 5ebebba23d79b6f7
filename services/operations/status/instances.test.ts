import * as assert from 'uvu/assert';
import { Instance } from '#gen/purser/operations/v1/instance.ts';
import { startGrpcServer, type GrpcServer } from '#lib/grpc/server.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { testLog as log } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { Instances } from './instances.ts';

const test = suite('the instances of a service');

const servers: GrpcServer[] = [];

async function serve(host: string, port: number, runId: string): Promise<GrpcServer> {
  const server = await startGrpcServer({
    host,
    port,
    implementations: {
      '/purser.operations.v1.InstanceService/GetInstance': async () => ({
        ...Instance.decode(new Uint8Array()),
        runId,
      }),
    },
    log,
    readiness: new Readiness({ checks: {}, log }),
    reflection: false,
  });
  servers.push(server);
  return server;
}

test.after(async () => {
  await Promise.all(servers.map((server) => server.stop()));
});

const found = (instances: Instances) =>
  instances
    .ask()
    .then((all) =>
      all.map(({ address, instance, problem }) => [address, instance?.runId, problem]),
    );

test('each address of a list is asked, also the one where nobody is', async () => {
  const one = await serve('127.0.0.1', 0, 'one');
  const two = await serve('127.0.0.1', 0, 'two');
  const target = `127.0.0.1:${one.port},127.0.0.1:${two.port},127.0.0.1:1`;
  const instances = new Instances({ service: 'orders', target, log });
  assert.equal(await found(instances), [
    [`127.0.0.1:${one.port}`, 'one', ''],
    [`127.0.0.1:${two.port}`, 'two', ''],
    ['127.0.0.1:1', undefined, 'DEPENDENCY_UNAVAILABLE'],
  ]);
  instances.close();
});

test('a name is looked up every time: instances come and go with its addresses', async () => {
  const { port } = await serve('127.0.0.1', 0, 'one');
  await serve('127.0.0.2', port, 'two');
  let addresses = ['127.0.0.2', '127.0.0.1'];
  const lookUp = async () => addresses;
  const instances = new Instances({ service: 'orders', target: `orders:${port}`, log, lookUp });
  assert.equal(await found(instances), [
    [`127.0.0.1:${port}`, 'one', ''],
    [`127.0.0.2:${port}`, 'two', ''],
  ]);
  addresses = ['127.0.0.2'];
  assert.equal(await found(instances), [[`127.0.0.2:${port}`, 'two', '']]);
  instances.close();
});

test('a name that nobody knows is told as one status', async () => {
  const lookUp = async () => Promise.reject(new Error('ENOTFOUND'));
  const instances = new Instances({ service: 'orders', target: 'orders:50051', log, lookUp });
  assert.equal(await found(instances), [['orders:50051', undefined, 'DEPENDENCY_UNAVAILABLE']]);
  instances.close();
});

test.run();
