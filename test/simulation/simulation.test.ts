import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { SeedPlayers } from './play-seeds.ts';

const test = suite('the deterministic simulation');

const players = new SeedPlayers();
test.after(() => players.close());

test(
  '100,000 seeds: nothing breaks, and everything that could break it has happened',
  async () => {
    const { seeds, failures, seen } = await players.play({ from: 1, count: 100_000 });
    const [failure] = failures;
    const again = `npm run simulate -- --seed ${failure?.seed}`;
    assert.is(failure, undefined, `${again}: ${JSON.stringify(failure?.violations)}`);
    assert.is(seeds, 100_000);
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 100, `${what}: ${times}`);
  },
  { timeoutMs: 170_000 },
);

test.run();
