import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { SeedPlayers } from './play-seeds.ts';

const test = suite('the deterministic simulation');

const players = new SeedPlayers();
test.after(() => players.close());

/** What was played by then has to be enough; `npm run simulate` plays more. */
const timeLimitMs = 35_000;

test(
  'up to 100,000 seeds: nothing breaks, and everything that could break it has happened',
  async () => {
    const startedAt = performance.now();
    const run = { from: 1, count: 100_000, timeLimitMs };
    const { seeds, failures, seen } = await players.play(run);
    process.stdout.write(`  ${seeds} seeds in ${Math.round(performance.now() - startedAt)} ms\n`);
    const [failure] = failures;
    const again = `npm run simulate -- --seed ${failure?.seed}`;
    assert.is(failure, undefined, `${again}: ${JSON.stringify(failure?.violations)}`);
    assert.ok(seeds >= 500, `no more than ${seeds} seeds`);
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, what);
  },
  { timeoutMs: 100_000 },
);

test.run();
