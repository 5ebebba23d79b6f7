import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { ordersInvariants } from '../../services/orders/audit.ts';
import { paymentsInvariants } from '../../services/payments/audit.ts';
import * as invariants from '../../services/operations/audit/invariants.ts';
import { historyInvariants } from './history.ts';
import { mutants } from './mutants.ts';
import { SeedPlayers } from './play-seeds.ts';

const test = suite('what the simulation notices');

const players = new SeedPlayers();
test.after(() => players.close());

const known = new Set(
  [
    ...ordersInvariants,
    ...paymentsInvariants,
    ...Object.values(invariants),
    ...Object.values(historyInvariants),
  ].map(({ id }) => id),
);

async function playTwice(): Promise<void> {
  const one = new SeedPlayers(1);
  try {
    const range = { from: 500_000, count: 200 };
    await one.play({ from: 1, count: 100, mutant: 'no-terminal-guard', failuresMax: 100 });
    const [alone, together] = [await one.play(range), await players.play(range)];
    assert.equal(alone, together);
  } finally {
    await one.close();
  }
}

test('a seed plays the same on one thread as on many, whatever came before it', playTwice, {
  timeoutMs: 120_000,
});

/** What each mutant breaks, among other things. */
const caughtBy: Record<keyof typeof mutants, string> = {
  'no-inbox': 'I22',
  'inbox-after-effect': 'I22',
  'mark-before-publish': 'H1',
  'unknown-is-stored': 'H1',
  'lost-update': 'I1',
  'id-cursor': 'H1',
  'ack-before-commit': 'H3',
  'no-terminal-guard': 'I8',
  'no-reconciler': 'I7',
  'same-transport-id': 'I7',
  'no-fence': 'I4',
  'give-up-at-once': 'I12',
  'poison-is-retried': 'I12',
};

for (const [mutant, { what }] of Object.entries(mutants)) {
  test(
    `it notices when ${what}`,
    async () => {
      const { seeds, failures } = await players.play({
        from: 1,
        count: 3_000,
        mutant,
        failuresMax: 12,
      });
      assert.ok(failures.length > 0, `${mutant} survives ${seeds} seeds`);
      const ids = new Set(failures.flatMap(({ violations }) => violations.map(({ id }) => id)));
      assert.ok(ids.has(caughtBy[mutant]!), `${mutant} breaks ${[...ids].join(', ')}`);
      for (const id of ids) assert.ok(known.has(id), `${id} is no invariant`);
    },
    { timeoutMs: 120_000 },
  );
}

const program = join(import.meta.dirname, 'main.ts');

function simulate(...options: string[]) {
  return spawnSync(process.execPath, [program, ...options], { encoding: 'utf8' });
}

test('a failure is told with a time line and a command that shows it again', () => {
  const first = simulate('--seeds', '400', '--seed', '1', '--mutant', 'no-fence', '--workers', '1');
  assert.is(first.status, 1, first.stderr);
  const command = /^Again: npm run simulate -- (.+)$/m.exec(first.stdout)?.[1] ?? '';
  assert.match(command, /^--seed \d+ .*--mutant no-fence$/);
  const again = simulate(...command.split(' '));
  assert.is(again.status, 1);
  assert.match(again.stdout, /client create .*\n[^]*BROKEN I\d+/);
  assert.ok(first.stdout.includes(again.stdout.trim()), 'the same time line');
});

test('a wrong option is refused with how to use it', () => {
  for (const options of [
    ['--seeds', '0'],
    ['--seed', '-1'],
    ['--seeds', '1', '--without', '1'],
    ['--seed', '1', '--minutes', '1'],
    ['--mutant', 'none'],
    ['--sed', '1'],
  ]) {
    const { status, stderr } = simulate(...options);
    assert.is(status, 2, options.join(' '));
    assert.match(stderr, /npm run simulate -- --seeds N/);
  }
  const { status, stderr } = simulate('--seed', '1', '--without', '99');
  assert.is(status, 2);
  assert.match(stderr, /99/);
});

test.run();
