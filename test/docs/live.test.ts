import { readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { LiveMessage_Kind } from '#gen/purser/notifications/v1/live.ts';
import { enumNames } from '#lib/contract/enum-names.ts';
import { suite } from '#test/harness/suite.ts';
import { closeCodes } from '../../services/notifications/live/live-socket.ts';
import { limitsDefault } from '../../services/notifications/live/web-socket-door.ts';

const test = suite('docs/live.md');

const page = readFileSync(new URL('../../docs/live.md', import.meta.url), 'utf8');

/** The first cells of the table under a heading. */
function firstCells(heading: string): string[] {
  const section = page.split(`## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  const rows = [...section.matchAll(/^\| (.+?) \|/gm)].map(([, cell]) => cell!);
  return rows.filter((cell) => !/^-+$/.test(cell));
}

test('has every kind of message', () => {
  const kinds = firstCells('What comes').flatMap((cell) => /^`([A-Z]+)`$/.exec(cell)?.[1] ?? []);
  assert.equal(kinds, enumNames(LiveMessage_Kind));
});

test('has every close code of ours, and those of the protocol that clients meet', () => {
  const told = firstCells('When it ends').filter((cell) => /^\d+$/.test(cell));
  // 1006 is what is seen when no code comes, 1009 is what ws closes with by itself.
  const known = [...Object.values(closeCodes), 1006, 1009].toSorted((one, other) => one - other);
  assert.equal(told.map(Number), known);
});

test('has the limits that hold', () => {
  const { socketsPerUser, subscribeMs, pingMs, bufferedBytes } = limitsDefault;
  assert.match(page, `over all instances | ${socketsPerUser} |`);
  assert.match(page, `within ${subscribeMs / 1_000} seconds`);
  assert.match(page, `every ${pingMs / 1_000} s; 2`);
  assert.match(page, `${bufferedBytes / 1_024} KiB |`);
});

test.run();
