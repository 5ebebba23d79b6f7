import { fileURLToPath } from 'node:url';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { Program } from '#test/harness/program.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../../tools/local/free-port.ts';

const test = suite('loading the SDK of OpenTelemetry');

/** Tells every module of the SDK that is loaded; prom-client has the API, which is small. */
const hook = `data:text/javascript,
  import { registerHooks } from 'node:module';
  registerHooks({
    load(url, context, next) {
      if (/@opentelemetry.(?!api)/.test(url)) console.log('loads OpenTelemetry');
      return next(url, context);
    },
  });`.replaceAll(/\s+/g, ' ');

async function outputOf(environment: Record<string, string>): Promise<string> {
  const main = fileURLToPath(new URL('../../gateway/main.ts', import.meta.url));
  const gateway = new Program(process.execPath, ['--import', hook, main], {
    env: {
      ...process.env,
      PURSER_GATEWAY_PORT: String(await freePort()),
      PURSER_GATEWAY_INTERNAL_PORT: String(await freePort()),
      ...environment,
    },
  });
  await gateway.printed(/"msg":"started"/);
  gateway.child.kill('SIGTERM');
  assert.is(await gateway.exited, 0);
  return gateway.output;
}

test('a process loads it when it traces, and not otherwise', async () => {
  const file = `file:${join(temporaryFolder(), 'spans.jsonl')}`;
  const [off, on] = await Promise.all([outputOf({}), outputOf({ PURSER_TRACING: file })]);
  assert.not.match(off, 'loads OpenTelemetry');
  assert.match(on, 'loads OpenTelemetry');
});

test.run();
