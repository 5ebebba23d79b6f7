import { randomInt } from 'node:crypto';
import * as assert from 'uvu/assert';
import { startInProcessSystem } from '#test/harness/in-process-system.ts';
import { suite } from '#test/harness/suite.ts';
import { fuzz } from './fuzz.ts';
import { httpCase } from './http-cases.ts';
import { Random } from './random.ts';

const test = suite('malformed requests');

const system = await startInProcessSystem({ arrivalMs: 3_000 });

test.after(() => system.stop());

test('the same seed makes the same requests', () => {
  const some = (seed: number) =>
    Array.from({ length: 50 }, (_, index) => httpCase(new Random(seed, index)).toString('hex'));
  assert.equal(some(7), some(7));
  assert.not.equal(some(7), some(8));
});

test('hundreds over HTTP and gRPC: no answer blames the server, and it goes on', async () => {
  const seed = randomInt(2 ** 31);
  const services = Object.entries(system.services).map(([name, { port }]) => [name, port]);
  const target = { gateway: system.gateway.port, services: Object.fromEntries(services) };
  const { seen, wrong } = await fuzz(target, { seed, count: 250 });
  assert.equal(wrong, [], `seed ${seed}`);
  assert.ok((seen.get('HTTP 400') ?? 0) > 25, `seed ${seed}: ${JSON.stringify([...seen])}`);
  assert.ok((seen.get('grpc 3') ?? 0) > 25, `seed ${seed}: ${JSON.stringify([...seen])}`);
  const answer = await fetch(`${system.url}/v1/orders`, { headers: { 'x-user-id': 'ann' } });
  assert.is(answer.status, 200);
});

test.run();
