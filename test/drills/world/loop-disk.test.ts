import { spawnSync } from 'node:child_process';
import { resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const test = suite('a disk that loses its power');

const isPossible = process.platform === 'linux' && process.getuid?.() === 0;
const possibly = isPossible ? test : (name: string) => test.skip(name);

/** Runs with mounts of its own, which vanish with it. */
function inNamespace(script: string): string {
  const modulePath = resolve(import.meta.dirname, 'loop-disk.ts');
  const text = `
    import { closeSync, existsSync, fsyncSync, openSync } from 'node:fs';
    import { readFileSync, writeFileSync } from 'node:fs';
    const { LoopDisk } = await import(${JSON.stringify(modulePath)});
    const disk = new LoopDisk(${JSON.stringify(temporaryFolder())}, 'disk', 32);
    const file = (name) => disk.folder + '/' + name;
    const write = (name, text, isFlushed) => {
      const fd = openSync(file(name), 'a');
      try {
        writeFileSync(fd, text);
        if (isFlushed) fsyncSync(fd);
      } finally {
        closeSync(fd);
      }
    };
    const print = (value) => process.stdout.write(value + '\\n');
    ${script}
    await disk.remove();`;
  const node = [process.execPath, '--input-type=module', '-e', text];
  const { stdout, stderr } = spawnSync('unshare', ['--mount', ...node], { timeout: 30_000 });
  return String(stdout) + String(stderr);
}

possibly('what was flushed is there again, and what was not is gone', () => {
  const output = inNamespace(`
    write('flushed', 'one', true);
    write('written', 'two', false);
    const restore = disk.losePower();
    write('later', 'three', true);
    await restore();
    print(readFileSync(file('flushed'), 'utf8'));
    print(existsSync(file('written')) ? readFileSync(file('written'), 'utf8') : '');
    print(existsSync(file('later')));`);
  assert.is(output, 'one\n\nfalse\n');
});

possibly('is full until it is freed', () => {
  const output = inNamespace(`
    const free = disk.fill(0);
    try { write('more', 'x'.repeat(100_000), true); print('fits'); }
    catch (error) { print(error.code); }
    free();
    write('again', 'x'.repeat(100_000), true);
    print(readFileSync(file('again')).length);`);
  assert.is(output, 'ENOSPC\n100000\n');
});

possibly('keeps the password of a database that was made a moment before', () => {
  const module = resolve(import.meta.dirname, '../../../tools/local/postgres-cluster.ts');
  const output = inNamespace(`
    const { superuserPassword } = await import(${JSON.stringify(module)});
    const password = superuserPassword(disk.folder);
    const restore = disk.losePower();
    await restore();
    print(password.length > 0 && superuserPassword(disk.folder) === password);`);
  assert.is(output, 'true\n');
});

if (!isPossible) test('needs root on Linux', () => assert.not.ok(isPossible));

test.run();
