import * as assert from 'uvu/assert';
import { bytesLeft } from '#test/harness/left-in-memory.ts';
import { suite } from '#test/harness/suite.ts';
import { GrpcClient } from './client.ts';
import { get, host, log, startUpstream } from './test-upstream.ts';

const test = suite('finished gRPC calls');

test('a finished call does not wait for a full collection', async () => {
  const upstream = await startUpstream({ work: async () => void (upstream.calls.length = 0) });
  const client = new GrpcClient({ target: `${host}:${upstream.port}`, log });
  const left = await bytesLeft(() => get(client));
  // Client and server together: 5,000 bytes, and 6,600 to 17,000 without one of the measures.
  assert.ok(left < 5_800, `${left} bytes`);
  client.close();
  await upstream.stop();
});

test.run();
