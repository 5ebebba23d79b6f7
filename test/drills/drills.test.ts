import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { failpoints } from '#lib/failpoint/failpoints.ts';
import { runProgram } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { drills } from './drills.ts';
import { withOutcome } from './record.ts';
import type { Outcome } from './run-drill.ts';

const test = suite('npm run drill');

const run = (...args: string[]) =>
  runProgram(process.execPath, [resolve(import.meta.dirname, 'main.ts'), ...args]);

test('every fault of the table has a drill, and every drill must see its fault', () => {
  const faults = new Set(drills.flatMap((drill) => drill.faults.split(', ')));
  const wanted = Array.from({ length: 20 }, (_, index) => `F${index + 1}`);
  for (const fault of [...wanted, 'F24', 'F25']) assert.ok(faults.has(fault), fault);
  assert.is(new Set(drills.map(({ name }) => name)).size, drills.length);
  for (const { name, mustObserve } of drills) assert.ok(mustObserve.length > 0, name);
});

const cli = async () => {
  const [list, unknown, two, rounds, ignored] = await Promise.all([
    run('list'),
    run('kill-everybody'),
    run('freeze', 'poison'),
    run('freeze', '--rounds', '0'),
    run('list', '--rounds', '9'),
  ]);
  assert.is(list.exit, 0);
  for (const { name, says } of drills) {
    assert.ok(list.output.includes(name) && list.output.includes(says), name);
  }
  for (const [{ exit, output }, sentence] of [
    [unknown, 'There is no drill kill-everybody; `list` names them all.'],
    [two, 'One drill at a time, not poison as well.'],
    [rounds, '--rounds takes a whole number from 1, not 0.'],
    [ignored, 'list takes no --rounds.'],
  ] as const) {
    assert.is(exit, 2);
    assert.ok(output.startsWith(`${sentence}\nUsage: npm run drill -- `), output);
  }
};
test('lists all of them, and says what it does not understand', cli, { timeoutMs: 120_000 });

test('docs/reliability.md has rows of real drills, and knows how many points there are', () => {
  const text = readFileSync(resolve(import.meta.dirname, '../../docs/reliability.md'), 'utf8');
  const table = text.slice(text.indexOf('<!-- drills -->'), text.indexOf('<!-- /drills -->'));
  const rows = [...table.matchAll(/^\| `([a-z-]+)` \| ([^|]+) \|/gm)];
  assert.ok(rows.length > 0);
  for (const [, name, faults] of rows) {
    assert.is(drills.find((drill) => drill.name === name)?.faults, faults, name);
  }
  assert.ok(text.includes(`${Object.keys(failpoints).length} named points`));
});

const outcome: Outcome = {
  name: 'freeze',
  seed: 7,
  rounds: 2,
  seconds: 61.2,
  injected: { freezes: 2 },
  observed: { redeliveries: 1_200 },
  measured: { 'noticed after': { value: 3.21, unit: 's' } },
  orders: 1_234,
  operations: 5_000,
  finalSeconds: 2.04,
  checksHeld: 25,
  faults: [],
};

test('an outcome takes the place of the one before, and others stay', () => {
  const drill = drills.find(({ name }) => name === 'freeze')!;
  const empty =
    'text\n<!-- drills -->\n| drill |\n|---|\n| `poison` | F16 |\n<!-- /drills -->\nend';
  const once = withOutcome(empty, drill, outcome);
  const row = once.split('\n').find((line) => line.startsWith('| `freeze` |'))!;
  assert.match(row, /`freeze --seed 7 --rounds 2` \| 2 freezes \| 1,200 redeliveries; noticed/);
  assert.match(
    row,
    /noticed after ≤ 3\.2 s \| passed; 1,234 orders, 5,000 operations; .* 2\.0 s \|$/,
  );
  const twice = withOutcome(once, drill, { ...outcome, seed: 8, faults: ['lost'] });
  assert.is(twice.split('`freeze`').length, 2);
  assert.match(twice, /--seed 8 .*\*\*failed\*\*: 1/);
  assert.match(twice, /^text\n[^]*\n\| `poison` \| F16 \|\n[^]*<!-- \/drills -->\nend$/);
  assert.throws(() => withOutcome('nothing', drill, outcome), /has no <!-- drills -->/);
});

test.run();
