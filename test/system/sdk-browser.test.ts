// The SDK as browsers load it. The page, the package's files and the API come from one origin, for
// the gateway lets no other origin's pages in.
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import * as assert from 'uvu/assert';
import { findChromium } from '#test/harness/chromium.ts';
import { startSystem } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { buildSdk } from '../../tools/sdk/build.ts';
import type * as Sdk from '../../sdk/src/index.ts';

const test = suite('the SDK in Chromium');

const { path: executablePath, reason } = { reason: '', ...(await findChromium()) };

if (executablePath === undefined) {
  process.stderr.write(`Not run: ${reason}.\n`);
  test.skip(`a page pays an order (not run: ${reason})`);
} else {
  const dist = join(temporaryFolder(), 'dist');
  const [system] = await Promise.all([startSystem(), buildSdk(dist)]);
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const browser = await chromium.launch({ executablePath });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const { url = '', method, headers } = incoming;
    if (url.startsWith('/v1/')) {
      const onwards = request(`${system.url}${url}`, { method, headers }, (answer) => {
        outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
        answer.pipe(outgoing);
      });
      onwards.on('error', () => outgoing.writeHead(502).end());
      incoming.pipe(onwards);
      return;
    }
    const isScript = url.startsWith('/sdk/');
    const type = isScript ? 'text/javascript' : 'text/html';
    const body = isScript
      ? await readFile(join(dist, url.slice('/sdk/'.length)))
      : '<title></title>';
    outgoing.writeHead(200, { 'content-type': type }).end(body);
  }

  test.after(async () => {
    await browser.close();
    server.close();
    assert.is(await system.stop(), 0);
  });

  test('a page pays an order, lists it, is told what is wrong, and counts its money', async () => {
    const page = await browser.newPage();
    const faults: string[] = [];
    page.on('pageerror', (error) => faults.push(error.message));
    await page.goto(`${origin}/shop/cart`);
    const seen = await page.evaluate(async () => {
      // The browser loads it from the page's own origin.
      const from: string = '/sdk/index.js';
      const sdk = (await import(from)) as typeof Sdk;
      const purser = new sdk.Purser({ baseUrl: '', userId: 'demo' });
      const result = await purser.orders.createAndWait({
        amount: sdk.usd('12.50'),
        description: 'Two coffees',
      });
      const names: string[] = [];
      for await (const { name } of purser.orders.list({ pageSize: 1 })) names.push(name);
      const { balance } = await purser.account.get();
      const error = await purser.orders.get('orders/nothing').catch((thrown: unknown) => thrown);
      const gone = new AbortController();
      gone.abort();
      const { signal } = gone;
      const left = await purser.account.get({ signal }).catch((thrown: unknown) => thrown);
      return {
        outcome: result.outcome,
        isListed: names.includes(result.order.name),
        time: result.order.createTime instanceof Date,
        balance: sdk.formatMoney(balance, 'en-US'),
        error: error instanceof sdk.PurserError && [error.reason, error.status],
        left: left instanceof sdk.PurserError && left.reason,
        decimals: ['HUF', 'JPY', 'IQD'].map(sdk.decimalsOf),
      };
    });
    assert.equal(seen, {
      outcome: 'paid',
      isListed: true,
      time: true,
      balance: '$987.50',
      error: ['ORDER_NOT_FOUND', 404],
      left: 'CANCELLED',
      decimals: [2, 0, 3],
    });
    assert.equal(faults, []);
  });

  test('a page that loses its network goes on when it is back', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(`${origin}/`);
    await page.evaluate(() => import('/sdk/index.js' as string));
    await context.setOffline(true);
    const state = page.evaluate(async () => {
      const sdk = (await import('/sdk/index.js' as string)) as typeof Sdk;
      const reasons: string[] = [];
      const hooks: Sdk.Hooks = { onRetry: ({ error }) => reasons.push(error.reason) };
      const purser = new sdk.Purser({ baseUrl: '', userId: 'demo', hooks });
      const { outcome } = await purser.orders.createAndWait({ amount: sdk.usd('1') });
      return { outcome, reasons: [...new Set(reasons)] };
    });
    await new Promise((resolve) => setTimeout(resolve, 500));
    await context.setOffline(false);
    assert.equal(await state, { outcome: 'paid', reasons: ['CONNECTION_FAILED'] });
  });
}

test.run();
