// The whole system with a browser before it, for tests of the store front.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import type { Browser, BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { buildSite } from '../../tools/web/build.ts';
import { findChromium } from './chromium.ts';
import { restClient, startSystem, usd } from './started-system.ts';
import type { StartedSystem } from './started-system.ts';
import type { Suite } from './suite.ts';

export interface StoreFront {
  system: StartedSystem;
  browser: Browser;
  /** A browser of its own, with nothing remembered, in English unless told otherwise. */
  visit(options?: BrowserContextOptions & { userId?: string }): Promise<Visit>;
}

export interface Visit {
  context: BrowserContext;
  page: Page;
  /** Opens an address of the store front. */
  open(path: string): Promise<void>;
  /** Waits for a toast with the text. */
  toast(text: string | RegExp): Promise<void>;
  /** Throws when something went wrong behind the page: an exception, a refused script. */
  close(): Promise<void>;
}

/**
 * Starts the system and a browser, both until the tests are over. Undefined where there is no
 * browser; then one skipped test says why.
 */
export async function openStoreFront(test: Suite): Promise<StoreFront | undefined> {
  const { path: executablePath, reason } = { reason: '', ...(await findChromium()) };
  if (executablePath === undefined) {
    process.stderr.write(`Not run: ${reason}.\n`);
    test.skip(`the store front in a browser (not run: ${reason})`);
    return undefined;
  }
  await buildSite();
  const system = await startSystem();
  const browser = await chromium.launch({ executablePath });
  const faults: string[] = [];
  const visit: StoreFront['visit'] = async ({ userId, ...options } = {}) => {
    const context = await browser.newContext({
      baseURL: system.url,
      locale: 'en-US',
      timezoneId: 'Europe/Berlin',
      ...(userId !== undefined && remembering(userId, system.url)),
      ...options,
    });
    context.setDefaultTimeout(30_000);
    context.on('page', (page) => watchFaults(page, system.url, faults));
    const page = await context.newPage();
    return {
      context,
      page,
      open: async (path) => void (await page.goto(path)),
      toast: async (text) => {
        await page.locator('.toast').filter({ hasText: text }).first().waitFor();
      },
      close: async () => {
        await context.close();
        const found = faults.splice(0);
        if (found.length > 0) throw new Error(found.join('\n'));
      },
    };
  };
  test.after(async () => {
    await browser.close();
    assert.is(await system.stop(), 0);
  });
  return { system, browser, visit };
}

/** A browser in which the user was chosen before. */
function remembering(userId: string, origin: string): BrowserContextOptions {
  const localStorage = [{ name: 'purser.user', value: userId }];
  return { storageState: { cookies: [], origins: [{ origin, localStorage }] } };
}

/** What must not happen on any page: an exception, a refusal by the policy, a foreign address. */
function watchFaults(page: Page, origin: string, faults: string[]): void {
  page.on('pageerror', (error) => faults.push(error.message));
  page.on('console', (message) => {
    // That a request has failed the browser says too; the pages deal with it.
    const isNetwork = message.text().startsWith('Failed to load resource');
    const isSocket = message.text().startsWith('WebSocket connection');
    if (message.type() === 'error' && !isNetwork && !isSocket) faults.push(message.text());
  });
  page.on('request', (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(data|blob):/.test(url)) faults.push(url);
  });
}

/** A user who is new each time, with an account. */
export async function newUser(system: StartedSystem, balanceMinor: number) {
  const userId = `anna-${Math.random().toString(36).slice(2, 10)}`;
  const call = restClient(system.url, userId);
  await call('POST', '/v1/account', { body: { currencyCode: 'USD' } });
  if (balanceMinor > 0)
    await call('POST', '/v1/account:topUp', { body: { amount: usd(balanceMinor) } });
  return { userId, call };
}

const axe = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8');

interface AxeResults {
  violations: {
    id: string;
    impact: string | null;
    nodes: { target: unknown[]; failureSummary?: string }[];
  }[];
}

/** What axe-core finds on the page that is serious or critical, one line each. */
export async function accessFaults(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(' ')}: ${failureSummary}`),
    );
}
