import { globSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { runProgram } from '#test/harness/program.ts';
import { testNats, testPostgres } from '#test/harness/servers.ts';
import { suite } from '#test/harness/suite.ts';
import { schemas, stepsOf } from '../../tools/migrations/steps.ts';
import { earlierCode, giveOurSchema, stepsIn } from './earlier-code.ts';

const test = suite('the code before, on the schema of now');

const earlier = await earlierCode();
if (earlier.folder === undefined) {
  process.stderr.write(`No earlier code is tried on this schema: ${earlier.reason}\n`);
}
const withHistory = earlier.folder === undefined ? test.skip : test;
const folder = earlier.folder ?? '';

for (const [service, migrations] of Object.entries(schemas)) {
  withHistory(
    `${service}: its tests of then pass, and no step has been edited since`,
    async () => {
      const then = await stepsIn(folder, service);
      const now = await stepsOf(migrations);
      assert.equal(now.slice(0, then.length), then, 'a step that ran somewhere stays as it is');
      if (then.length === 0) return;
      const all = globSync(`services/${service}/**/*.test.ts`, { cwd: folder });
      const tests = all.filter((file) => !file.includes('/domain/')).toSorted();
      assert.ok(tests.length > 1);
      // Where the schema is as it was, one shows that the way of trying still works.
      const tried = now.length === then.length ? tests.slice(0, 1) : tests;
      giveOurSchema(folder, service);
      for (const file of tried) {
        const { exit, output } = await runProgram(process.execPath, [join(folder, file)], {
          cwd: folder,
          env: {
            ...process.env,
            PURSER_TEST_POSTGRES_URL: (await testPostgres()).adminUrl,
            PURSER_TEST_NATS_URL: (await testNats()).url,
          },
        });
        assert.is(exit, 0, `${file} of the code before:\n${output}`);
      }
    },
    { timeoutMs: 120_000 },
  );
}

test('a commit that is not here is told as the reason', async () => {
  const commit = 'f'.repeat(40);
  assert.equal(await earlierCode(commit), { reason: `there is no commit ${commit} here` });
});

test.run();
