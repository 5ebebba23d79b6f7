import * as assert from 'uvu/assert';
import { progress } from '#test/harness/progress.ts';
import { suite } from '#test/harness/suite.ts';
import { SeedPlayers } from './play-seeds.ts';

const test = suite('the deterministic simulation');

const players = new SeedPlayers();
test.after(() => players.close());

const seedsMax = 100_000;

/** A machine that is slower plays fewer, and says how many; `npm run simulate` plays more. */
const timeLimitMs = 60_000;

/** After so many everything has happened that a seed can bring; the rarest comes in one of 25. */
const seedsOfAllKinds = 2_000;

test(
  'as many of 100,000 seeds as a minute takes: nothing breaks, and all that could has happened',
  async () => {
    const startedAt = performance.now();
    const run = { from: 1, count: seedsMax, timeLimitMs };
    const { seeds, failures, seen } = await players.play(run);
    const tookMs = Math.round(performance.now() - startedAt);
    progress.note(`${seeds} of ${seedsMax} seeds in ${tookMs} ms`);
    const [failure] = failures;
    const again = `npm run simulate -- --seed ${failure?.seed}`;
    assert.is(failure, undefined, `${again}: ${JSON.stringify(failure?.violations)}`);
    assert.ok(seeds > 0);
    if (seeds < seedsOfAllKinds) return;
    for (const [what, times] of Object.entries(seen)) assert.ok(times > 0, what);
  },
  { timeoutMs: 200_000 },
);

test.run();
