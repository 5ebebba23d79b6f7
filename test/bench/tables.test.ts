import { existsSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { compareWithDocument } from '#test/docs/document.ts';
import { suite } from '#test/harness/suite.ts';
import { ratios } from './ratios.ts';
import { type BenchResult, cpuTable, figureTable, speedTable, targetTable } from './tables.ts';

const test = suite('the tables of the benchmark');

const figures = {
  bound: { naivePerSecond: 400 },
  pay: {
    paidPerSecond: 900.5,
    createP50Ms: 60,
    createP99Ms: 110,
    residentNodeMb: 510,
    'cpuMs.gateway': 0.3,
    'cpuMs.all': 2,
  },
  read: { getPerSecond: 2_000, 'getCpuMs.gateway': 0.2, 'listCpuMs.gateway': 0.4 },
};
const result: BenchResult = {
  time: '2026-11-20T12:00:00.000Z',
  machine: { cpu: 'AMD', cores: 2, memoryGb: 24, platform: 'linux x64', node: 'v26.10.0' },
  extent: 'full',
  seconds: 1_500,
  figures,
  ratios: ratios(figures),
};

test('a target that was missed says so', () => {
  const table = targetTable(result);
  assert.match(table, /in one full run of 25 minutes on 2 cores of AMD, 24 GB, linux x64/);
  assert.match(table, '| pay ÷ naive SQL | 2.25 | ≥ 2 |  |\n');
  assert.match(table, '| memory of all Node processes, MB | 510 | ≤ 500 | not reached |\n');
});

test('the CPU of processes has a table of its own', () => {
  assert.not.match(figureTable(result), 'pu');
  assert.match(figureTable(result), '| `pay` | paidPerSecond | 900.5 |\n|  | createP50Ms | 60 |');
  assert.match(
    cpuTable(result),
    '\n\n| CPU ms | `pay` | `read` get | `read` list |\n|---|--:|--:|--:|\n' +
      '| gateway | 0.3 | 0.2 | 0.4 |\n| all | 2 |  |  |\n',
  );
});

const file = new URL('measured.json', import.meta.url);
const withMeasurement = existsSync(file) ? test : test.skip;
if (!existsSync(file)) process.stderr.write('docs/performance.md has no measured tables yet.\n');

withMeasurement('the documents have the tables of what was measured, in a full run', () => {
  const measured = JSON.parse(readFileSync(file, 'utf8')) as BenchResult;
  assert.is(measured.extent, 'full');
  assert.ok(measured.figures['pay'], 'only some of it was measured');
  compareWithDocument('README.md', 'speed', speedTable(measured));
  compareWithDocument('docs/performance.md', 'targets', targetTable(measured));
  compareWithDocument('docs/performance.md', 'figures', figureTable(measured));
  compareWithDocument('docs/performance.md', 'cpu', cpuTable(measured));
});

test.run();
