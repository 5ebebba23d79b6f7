import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '../../test/harness/suite.ts';
import { grpcUri } from './channel.ts';
import { GrpcClient } from './client.ts';
import { get, log, reasonOf, recovery, startUpstream, type Upstream } from './test-upstream.ts';

const test = suite('a name that stands for several instances');

const times = { lookUpEveryMs: 50 };

/** A name server that says what the test wants. */
class Names {
  addresses: string[] = [];
  asked = 0;

  readonly lookUp = async (host: string): Promise<string[]> => {
    this.asked += 1;
    assert.is(host, 'orders.internal');
    if (this.addresses.length === 0) throw new Error('no such name');
    return this.addresses;
  };
}

function clientOf(names: Names, port: number): GrpcClient {
  const target = `orders.internal:${port}`;
  return new GrpcClient({ target, log, times, lookUp: names.lookUp });
}

async function callsReach(client: GrpcClient, upstream: Upstream, limitMs = 2_000): Promise<void> {
  const before = upstream.calls.length;
  for (const end = Date.now() + limitMs; upstream.calls.length === before; await sleep(10)) {
    assert.ok(Date.now() < end, 'no call reaches the instance');
    assert.is(await reasonOf(get(client)), 'none');
  }
}

test('targets are told to grpc-js as names or as addresses', () => {
  assert.is(grpcUri('orders:50051'), 'instances:///orders:50051');
  assert.is(grpcUri('127.0.0.1:1'), 'ipv4:127.0.0.1:1');
  assert.is(grpcUri('127.0.0.1:1,127.0.0.2:2'), 'ipv4:127.0.0.1:1,127.0.0.2:2');
  assert.is(grpcUri('[::1]:1'), 'ipv6:[::1]:1');
});

test('an instance that is added gets calls, one that is gone none, and no call fails', async () => {
  const first = await startUpstream({ address: '127.0.0.1' });
  const second = await startUpstream({ address: '127.0.0.2', port: first.port });
  const names = new Names();
  names.addresses = ['127.0.0.1'];
  const client = clientOf(names, first.port);
  await recovery(client, 2_000);
  assert.is(second.calls.length, 0);
  names.addresses = ['127.0.0.2', '127.0.0.1'];
  await callsReach(client, second);
  await callsReach(client, first);
  names.addresses = ['127.0.0.2'];
  await sleep(200);
  const { length } = first.calls;
  for (let count = 0; count < 10; count += 1) assert.is(await reasonOf(get(client)), 'none');
  assert.is(first.calls.length, length);
  client.close();
  await Promise.all([first.stop(), second.stop()]);
});

test('a name server that is away takes no instance away', async () => {
  const upstream = await startUpstream();
  const names = new Names();
  names.addresses = ['127.0.0.1'];
  const client = clientOf(names, upstream.port);
  await recovery(client, 2_000);
  names.addresses = [];
  const { asked } = names;
  await sleep(200);
  assert.ok(names.asked > asked);
  assert.is(await reasonOf(get(client)), 'none');
  client.close();
  await upstream.stop();
});

test('a name that nobody knows yet is an error, until it is known', async () => {
  const upstream = await startUpstream();
  const names = new Names();
  const client = clientOf(names, upstream.port);
  assert.is(await reasonOf(get(client)), 'DEPENDENCY_UNAVAILABLE');
  names.addresses = ['127.0.0.1'];
  await recovery(client, 3_000);
  client.close();
  await upstream.stop();
});

test('what one instance cannot do, another one behind the name does', async () => {
  const refuse = () => Promise.reject(new PurserError('DEPENDENCY_UNAVAILABLE'));
  const broken = await startUpstream({ work: refuse });
  const healthy = await startUpstream({ address: '127.0.0.2', port: broken.port });
  const names = new Names();
  names.addresses = ['127.0.0.1', '127.0.0.2'];
  const client = clientOf(names, broken.port);
  await recovery(client, 2_000);
  for (let count = 0; count < 6; count += 1) assert.is(await reasonOf(get(client)), 'none');
  assert.ok(broken.calls.length > 0, 'the broken one was asked as well');
  client.close();
  await Promise.all([broken.stop(), healthy.stop()]);
});

test('a closed client looks nothing up', async () => {
  const names = new Names();
  names.addresses = ['127.0.0.1'];
  const client = clientOf(names, 1);
  await sleep(120);
  client.close();
  const { asked } = names;
  assert.ok(asked > 0);
  await sleep(150);
  assert.is(names.asked, asked);
});

test.run();
