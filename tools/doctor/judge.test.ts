import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Finding } from './finding.ts';
import {
  judgeClock,
  judgeDisk,
  judgeDocker,
  judgeLocale,
  judgeMemory,
  judgeSharedMemory,
} from './judge.ts';

const test = suite("the doctor's verdicts");

const mib = 1024 * 1024;
const gib = 1024 * mib;
const today = new Date('2026-11-21T12:00:00Z');
const hourAgo = new Date('2026-11-21T11:00:00Z');
const docker = { installed: true, engine: '28.1.0', compose: '2.40.3' };

const verdicts: [what: string, found: Finding, level: Finding['level'], words: RegExp][] = [
  ['a full disk', judgeDisk(gib - 1, '/d'), 'problem', /Only 1\.0 GiB .*\/d.*PURSER_DATA/],
  ['a small disk', judgeDisk(8 * gib - 1, '/d'), 'warning', /Only 8\.0 GiB/],
  ['a disk with room', judgeDisk(8 * gib, '/d'), 'ok', /^8\.0 GiB/],
  ['hardly any memory', judgeMemory(512 * mib - 1), 'problem', /End other programs/],
  ['little memory', judgeMemory(512 * mib), 'warning', /^Only 512 MiB/],
  ['memory enough', judgeMemory(2 * gib), 'ok', /^2048 MiB/],
  ['no shared memory', judgeSharedMemory(undefined), 'problem', /--shm-size/],
  ['little shared memory', judgeSharedMemory(64 * mib - 1), 'warning', /only 64 MiB/],
  ['shared memory', judgeSharedMemory(64 * mib), 'ok', /64 MiB/],
  ['a clock that is behind', judgeClock(hourAgo, today), 'problem', /Set the clock/],
  ['a clock within a minute', judgeClock(hourAgo, new Date(+hourAgo + 60_000)), 'ok', /11:00/],
  ['a clock', judgeClock(today, hourAgo), 'ok', /12:00/],
  ['no locale', judgeLocale({}), 'warning', /not set.*C\.UTF-8/],
  ['an empty locale before another', judgeLocale({ LC_ALL: '', LANG: 'de_DE.UTF-8' }), 'ok', /de_/],
  ['LC_ALL before LANG', judgeLocale({ LC_ALL: 'C', LANG: 'de_DE.UTF-8' }), 'warning', /is C:/],
  ['no Docker', judgeDocker({ ...docker, installed: false }), 'ok', /not installed/],
  ['a silent engine', judgeDocker({ ...docker, engine: undefined }), 'warning', /does not answer/],
  ['no Compose', judgeDocker({ ...docker, compose: undefined }), 'warning', /has no Compose/],
  ['an old Compose', judgeDocker({ ...docker, compose: '1.29.2' }), 'warning', /Compose 1\.29\.2/],
  ['Docker', judgeDocker(docker), 'ok', /28\.1\.0 with Compose 2\.40\.3/],
];
for (const [what, found, level, words] of verdicts) {
  test(`${what}: ${level}`, () => {
    assert.is(found.level, level);
    assert.match(found.sentence, words);
    assert.match(found.sentence, /[.)]$/);
  });
}

test.run();
