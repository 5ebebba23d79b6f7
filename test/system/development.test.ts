// `npm run dev`: the system with the store front straight from its sources.
import { utimesSync } from 'node:fs';
import { resolve } from 'node:path';
import { chromium } from 'playwright-core';
import * as assert from 'uvu/assert';
import { findChromium } from '#test/harness/chromium.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { english as t } from '../../web/src/text/english.ts';

const test = suite('npm run dev');

const { path: executablePath, reason } = { reason: '', ...(await findChromium()) };
const source = resolve(import.meta.dirname, '../../web/src/pages/users.tsx');

if (executablePath === undefined) {
  process.stderr.write(`Not run: ${reason}.\n`);
  test.skip(`a change is in the browser at once (not run: ${reason})`);
} else {
  const system = await startSystem({}, ['--dev']);
  const browser = await chromium.launch({ executablePath });

  test.after(async () => {
    await browser.close();
    assert.is(await system.stop(), 0);
  });

  test(
    'a change is in the browser at once, behind the gateway’s port',
    async () => {
      const page = await browser.newPage({ locale: 'en-US' });
      const heard: string[] = [];
      page.on('console', (message) => heard.push(message.text()));
      const says = async (pattern: RegExp) => {
        while (!heard.some((text) => pattern.test(text))) await page.waitForTimeout(50);
      };
      await page.goto(system.url, { timeout: 60_000 });
      await page.getByRole('heading', { name: t.users.title }).waitFor();
      await says(/\[vite\] connected/);
      // What somebody has typed is still there afterwards.
      await page.getByLabel(t.users.id).fill('anna');
      utimesSync(source, new Date(), new Date());
      await says(/\[vite\] hot updated: .*users\.tsx/);
      assert.is(await page.getByLabel(t.users.id).inputValue(), 'anna');
      await page.close();
    },
    { timeoutMs: 120_000 },
  );
}

test.run();
