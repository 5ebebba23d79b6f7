import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { LogWatch, readable } from './log-watch.ts';

const test = suite('log watch');

const folder = temporaryFolder();

function watch(text: string): { file: string; lines: string[]; logs: LogWatch } {
  const file = join(folder, `${Math.random()}.log`);
  writeFileSync(file, text);
  const lines: string[] = [];
  const logs = new LogWatch((line) => void lines.push(line));
  logs.add('orders-1', file);
  return { file, lines, logs };
}

for (const [line, expected] of [
  ['{"level":"info","msg":"started"}', undefined],
  ['{"level":"debug","msg":"say \\"level\\":\\"error\\""}', undefined],
  ['{"level":"warn","time":"x","msg":"slow"}', 'warn: slow'],
  ['{"level":"error","msg":"failed","error":{"message":"no money"}}', 'error: failed (no money)'],
  ['{"level":"fatal"}', 'fatal: '],
  ['{"level":"warn", cut off', '{"level":"warn", cut off'],
  ['SyntaxError: no', 'SyntaxError: no'],
  ['', undefined],
] as const) {
  test(`${line} is shown as ${expected}`, () => {
    assert.is(readable(line), expected);
  });
}

test('shows what is written from now on, once, under the service’s name', () => {
  const { file, lines, logs } = watch('{"level":"error","msg":"yesterday"}\n');
  appendFileSync(file, '{"level":"warn","msg":"now"}\n');
  logs.look();
  logs.look();
  assert.equal(lines, ['orders-1: warn: now']);
  logs.stop();
});

test('waits for the end of a line', () => {
  const { file, lines, logs } = watch('');
  appendFileSync(file, '{"level":"warn",');
  logs.look();
  appendFileSync(file, '"msg":"whole"}\n');
  logs.stop();
  assert.equal(lines, ['orders-1: warn: whole']);
});

test('shortens a flood', () => {
  const { file, lines, logs } = watch('');
  appendFileSync(file, '{"level":"error","msg":"again"}\n'.repeat(40));
  logs.stop();
  assert.is(lines.length, 6);
  assert.is(lines[5], `orders-1: … 35 more in ${file}`);
});

test('begins anew when the log was set aside, and bears with one that is not there yet', () => {
  const { file, lines, logs } = watch('{"level":"info"}\n'.repeat(10));
  writeFileSync(file, '{"level":"warn","msg":"first"}\n');
  logs.add('gateway-1', join(folder, 'missing.log'));
  logs.stop();
  assert.equal(lines, ['orders-1: warn: first']);
});

test.run();
