import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { freePort } from './free-port.ts';

const test = suite('free ports');

test('no port is given twice', async () => {
  const ports: number[] = [];
  // Of 28,000, by chance: without a memory some are the same all but surely.
  for (let count = 0; count < 2_000; count += 1) ports.push(await freePort());
  assert.is(new Set(ports).size, ports.length);
});

test.run();
