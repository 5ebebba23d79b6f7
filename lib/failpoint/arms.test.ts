import { spawnSync } from 'node:child_process';
import { globSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Arms, failpointsText } from './arms.ts';
import { arms, failpoint, isDrill } from './failpoint.ts';
import { failpoints } from './failpoints.ts';

const test = suite('failpoints');

const projectFolder = resolve(import.meta.dirname, '../..');

function newArms() {
  const deeds: string[] = [];
  const made = new Arms({
    crash: () => deeds.push('crash'),
    fail: (name) => new Error(`at ${name}`),
  });
  return { arms: made, deeds };
}

const outcomeOf = (passing: Promise<void>) =>
  Promise.race([
    passing.then(
      () => 'passed',
      (error: Error) => error.message,
    ),
    sleep(20, 'hangs'),
  ]);

test('every name is in the code exactly once, and every point in the code has a name', () => {
  const files = globSync('{gateway,lib,services}/**/*.ts', { cwd: projectFolder });
  const found = files
    .filter((file) => !file.endsWith('.test.ts'))
    .flatMap((file) => [
      ...readFileSync(resolve(projectFolder, file), 'utf8').matchAll(
        /^ +if \(isDrill[^)]*\) await failpoint\('([^']+)'\);$/gm,
      ),
    ])
    .map(([, name]) => name);
  assert.equal(found.toSorted(), Object.keys(failpoints).toSorted());
});

test('nothing is armed, and nothing can be, in a process that was not started for it', async () => {
  assert.is(isDrill, false);
  assert.is(arms, undefined);
  await failpoint('settle.locked');
});

test('an armed point does its deed once, or on every pass', async () => {
  const { arms: made, deeds } = newArms();
  made.set('settle.locked=throw,relay.read=crash*');
  assert.is(await outcomeOf(made.pass('settle.locked')), 'at settle.locked');
  assert.is(await outcomeOf(made.pass('settle.locked')), 'passed');
  await made.pass('relay.read');
  await made.pass('relay.read');
  assert.equal(deeds, ['crash', 'crash']);
  assert.equal(made.report(), {
    passed: { 'settle.locked': 2, 'relay.read': 2 },
    armed: ['relay.read'],
    hanging: [],
  });
});

test('a point may be spared until its n-th pass', async () => {
  const { arms: made, deeds } = newArms();
  made.set('create.known=crash@3');
  for (let pass = 1; pass <= 4; pass += 1) {
    await made.pass('create.known');
    assert.is(deeds.length, pass < 3 ? 0 : 1, `pass ${pass}`);
  }
});

test('a delay ends by itself, a hang when it is told to', async () => {
  const { arms: made } = newArms();
  made.set('apply.locked=delay:40,settle.locked=hang');
  const startedAt = performance.now();
  await made.pass('apply.locked');
  assert.ok(performance.now() - startedAt > 30);
  const hanging = [made.pass('settle.locked')];
  assert.is(await outcomeOf(hanging[0]!), 'hangs');
  assert.equal(made.report().hanging, ['settle.locked']);
  made.set('settle.locked=off');
  await Promise.all(hanging);
  assert.equal(made.report().hanging, []);
});

for (const text of ['', 'settle.locked', 'settle.locked=explode', 'nowhere=crash', 'a.b=hang@0']) {
  test(`“${text}” arms nothing`, () => {
    const { arms: made } = newArms();
    assert.throws(() => made.set(`settle.begun=crash,${text}`), /name|points with deeds/);
    assert.equal(made.report().armed, []);
    assert.throws(() => failpointsText(text));
  });
}

/** What a process says of itself that is started with these variables. */
function startedWith(environment: Record<string, string>): string {
  const script = `
    const { isDrill, arms } = await import('#lib/failpoint/failpoint.ts');
    const { readEnvironment } = await import('#lib/config/environment.ts');
    let read = 'starts';
    try { readEnvironment('web'); readEnvironment('gateway'); } catch (e) { read = e.message; }
    console.log(JSON.stringify([isDrill, arms?.report().armed ?? [], read]));`;
  const args = ['--input-type=module', '-e', script];
  const env = { PATH: process.env['PATH'], ...environment };
  const { stdout } = spawnSync(process.execPath, args, { cwd: projectFolder, env });
  return String(stdout).trim();
}

test('the variable decides at the start, and production refuses it', () => {
  const armed = { PURSER_FAILPOINTS: 'gateway.received=crash' };
  assert.is(startedWith(armed), '[true,["gateway.received"],"starts"]');
  const production = startedWith({ ...armed, PURSER_ENV: 'production' });
  assert.match(production, /^\[false,\[\],"PURSER_FAILPOINTS makes processes fail, and production/);
  assert.match(startedWith({ PURSER_ENV: 'production', PURSER_FAILPOINTS: 'off' }), /"starts"/);
});

test.run();
