import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { suite } from '#test/harness/suite.ts';
import { launchAs } from './postgres-owner.ts';

const test = suite('who runs PostgreSQL');

const nobody = { uid: 65534, gid: 65534 };
const root = process.getuid?.() === 0;

/** What a program is told that asks by access(2), as PostgreSQL does, if it may run another one. */
function mayRun(path: string): string {
  const question = `require('fs').accessSync(${JSON.stringify(path)}, 1);
    console.log('yes, as ' + process.getuid())`;
  const launch = launchAs(nobody, process.execPath, ['-e', question], [process.execPath, path]);
  const { command, args, ...user } = launch;
  return execFileSync(command, args, { ...user, cwd: '/', encoding: 'utf8' }).trim();
}

test('the present user will do when nobody is named', () => {
  assert.equal(launchAs(undefined, 'postgres', ['-V'], []), { command: 'postgres', args: ['-V'] });
});

if (root) {
  const open = temporaryFolder();
  const closed = join(open, 'closed');
  mkdirSync(closed, { mode: 0o700 });
  const program = join(closed, 'program');
  writeFileSync(program, '#!/bin/sh\n');
  chmodSync(program, 0o755);

  test('a program in a folder that only root can enter can be run by nobody', () => {
    assert.is(mayRun(program), 'yes, as 65534');
  });

  test('without a closed folder above, no capability is handed over', () => {
    const { command } = launchAs(nobody, '/bin/true', [], ['/bin/true', open]);
    assert.is(command, '/bin/true');
  });
} else {
  test.skip('only root has to run PostgreSQL as somebody else');
}

test.run();
