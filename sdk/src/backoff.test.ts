import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { backoffMs, sleep } from './backoff.ts';

const test = suite('backoff of the SDK');

test('the longest wait doubles up to five seconds, and any shorter one is as likely', () => {
  const longest = [1, 2, 3, 4, 5, 6, 7, 8].map((tries) => backoffMs(tries, () => 1));
  assert.equal(longest, [100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000]);
  assert.is(
    backoffMs(3, () => 0),
    0,
  );
  assert.is(
    backoffMs(3, () => 0.5),
    200,
  );
});

test('a wait ends with its signal, for its reason', async () => {
  const controller = new AbortController();
  const startedMs = performance.now();
  setTimeout(() => controller.abort(new Error('enough')), 20);
  const ended = await sleep(5_000, controller.signal).catch((error: Error) => error.message);
  assert.is(ended, 'enough');
  assert.ok(performance.now() - startedMs < 1_000);
});

test.run();
