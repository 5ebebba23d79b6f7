// How the store front keeps up with what happens elsewhere, and what it says about that.
import type { WebSocketRoute } from 'playwright-core';
import * as assert from 'uvu/assert';
import { freeze, thaw } from '#test/harness/freeze.ts';
import { usd } from '#test/harness/started-system.ts';
import { newUser, openStoreFront } from '#test/harness/store-front.ts';
import { suite } from '#test/harness/suite.ts';
import { english as t } from '../../web/src/text/english.ts';

const test = suite('the connection of the store front');

const front = await openStoreFront(test);

if (front !== undefined) {
  const { system, visit } = front;

  test('without a network it says so, and catches up when it is back', async () => {
    const { userId, call } = await newUser(system, 5_000);
    const { page, context, open, toast, close } = await visit({ userId });
    await open('/orders');
    await page.getByText(t.orders.emptyHint).waitFor();
    await page.locator('.header .connection:not([data-kind="connecting"])').waitFor();
    await context.setOffline(true);
    await page.locator('.header .connection[data-kind="offline"]').waitFor();
    await page.getByText(t.connection.offlineHint).waitFor();
    await call('POST', '/v1/orders', { body: { amount: usd(700), description: 'Tea' } });
    await context.setOffline(false);
    await toast(t.orderToasts['PAID']!('$7.00'));
    await page.getByRole('link', { name: 'Tea' }).waitFor();
    await page.getByText(t.connection.offlineHint).waitFor({ state: 'detached' });
    await close();
  });

  test('a change is in every tab of its user, and in none of another’s', async () => {
    const { userId } = await newUser(system, 5_000);
    const other = await newUser(system, 100);
    const { page, context, open, close } = await visit({ userId });
    await open('/wallet');
    const second = await context.newPage();
    await second.goto('/wallet');
    await second.getByTestId('balance').filter({ hasText: '$50.00' }).waitFor();
    const stranger = await visit({ userId: other.userId });
    await stranger.open('/wallet');
    await page.getByRole('textbox', { name: t.wallet.amount }).fill('5');
    await page.getByRole('button', { name: t.wallet.add, exact: true }).click();
    await second
      .locator('.toast')
      .filter({ hasText: t.wallet.moneyIn('$5.00') })
      .waitFor();
    await second.getByTestId('balance').filter({ hasText: '$55.00' }).waitFor();
    assert.is(await stranger.page.getByTestId('balance').innerText(), '$1.00');
    await stranger.close();
    await close();
  });

  test('a tab that switches users shows nothing of the one before; other tabs stay', async () => {
    const { userId, call } = await newUser(system, 5_000);
    await call('POST', '/v1/orders', { body: { amount: usd(700), description: 'Secret gift' } });
    const { page, context, open, close } = await visit({ userId });
    await open('/orders');
    await page.getByRole('link', { name: 'Secret gift' }).waitFor();
    const second = await context.newPage();
    await second.goto('/users');
    await second.getByRole('button', { name: t.users.demo }).click();
    await second.getByTestId('balance').waitFor();
    await second.getByRole('link', { name: t.sections.orders }).click();
    await second.getByLabel(t.orders.state).waitFor();
    assert.is(await second.getByText('Secret gift').count(), 0);
    // The first tab keeps its user over a reload.
    await page.reload();
    await page.getByRole('link', { name: 'Secret gift' }).waitFor();
    await close();
  });

  test('over a live stream it is live, goes on with the token, and polls without it', async () => {
    const { userId } = await newUser(system, 5_000);
    const { page, open, toast, close } = await visit({ userId });
    const sockets: WebSocketRoute[] = [];
    const firstFrames: string[] = [];
    // The second ticket waits until the page was seen to poll: the pause before it may be none.
    const polled = Promise.withResolvers<void>();
    await page.route('**/v1/liveTickets', async (route) => {
      if (sockets.length > 0) await polled.promise;
      await route.fulfill({ json: { ticket: 'a b' } });
    });
    await page.routeWebSocket(/\/v1\/live\?ticket=a(\+|%20)b$/, (socket) => {
      sockets.push(socket);
      socket.onMessage((frame) => {
        firstFrames.push(String(frame));
        socket.send(JSON.stringify({ kind: 'SNAPSHOT', resumeToken: `token ${sockets.length}` }));
      });
    });
    await open('/wallet');
    await page.locator('.header .connection[data-kind="live"]').waitFor();
    const order = {
      name: 'orders/1',
      state: 'PAID',
      amount: { currencyCode: 'USD', amountMinor: '4200' },
      version: '2',
      updateTime: new Date().toISOString(),
    };
    sockets[0]!.send(JSON.stringify({ kind: 'ORDER', orders: [order] }));
    await toast(t.orderToasts['PAID']!('$42.00'));
    const older = { ...order, version: '1', state: 'PENDING' };
    sockets[0]!.send(JSON.stringify({ kind: 'ORDER', orders: [older] }));
    await sockets[0]!.close({ code: 1013 });
    await page.locator('.header .connection[data-kind="polling"]').waitFor();
    polled.resolve();
    await page.locator('.header .connection[data-kind="live"]').waitFor();
    assert.equal(
      firstFrames.map((frame) => JSON.parse(frame)),
      [{ resumeToken: '' }, { resumeToken: 'token 1' }],
    );
    const accepted = t.orderToasts['PENDING']!('$42.00');
    assert.is(await page.locator('.toast').filter({ hasText: accepted }).count(), 0);
    await close();
  });

  test(
    'changes come over the live stream, and none is lost while it is away',
    async () => {
      const { userId, call } = await newUser(system, 5_000);
      const { page, open, toast, close } = await visit({ userId });
      await open('/orders');
      await page.locator('.header .connection[data-kind="live"]').waitFor();
      await call('POST', '/v1/orders', { body: { amount: usd(700), description: 'Tea' } });
      await toast(t.orderToasts['PAID']!('$7.00'));
      const [pid] = system.pids(/services\/notifications\/main/);
      process.kill(pid!, 'SIGKILL');
      await page.locator('.header .connection[data-kind="polling"]').waitFor();
      await call('POST', '/v1/orders', { body: { amount: usd(900), description: 'Cake' } });
      await toast(t.orderToasts['PAID']!('$9.00'));
      await page.locator('.header .connection[data-kind="live"]').waitFor();
      await call('POST', '/v1/account:topUp', { body: { amount: usd(100) } });
      await toast(t.wallet.moneyIn('$1.00'));
      await page.getByRole('link', { name: 'Cake' }).waitFor();
      await close();
    },
    { timeoutMs: 120_000 },
  );

  test(
    'notifications are counted on every page, and read in the inbox',
    async () => {
      const { userId, call } = await newUser(system, 5_000);
      await call('POST', '/v1/orders', { body: { amount: usd(700), description: 'Tea' } });
      const { page, open, close } = await visit({ userId });
      await open('/orders');
      const unread = page.getByRole('navigation').getByText(t.inbox.unread(2));
      await unread.waitFor();
      await page.getByRole('link', { name: t.sections.inbox }).click();
      await page.getByRole('link', { name: t.inbox.kinds['ORDER_PAID']!('$7.00') }).waitFor();
      await page.getByText(t.inbox.kinds['ACCOUNT_TOPPED_UP']!('$50.00')).waitFor();
      await page.route('**/v1/notifications:markRead', (route) => route.abort());
      await page.getByRole('button', { name: t.inbox.markRead }).click();
      await page.getByText(t.inbox.unread(0)).first().waitFor();
      // What could not be done is taken back.
      await page.locator('.toast[data-tone="bad"]').waitFor();
      await unread.waitFor();
      await page.unroute('**/v1/notifications:markRead');
      await page.getByRole('button', { name: t.inbox.markRead }).click();
      await page.getByRole('button', { name: t.inbox.markRead }).waitFor({ state: 'detached' });
      await page.reload();
      await page.getByText(t.inbox.unread(0)).waitFor();
      await close();
    },
    { timeoutMs: 120_000 },
  );

  test('what fails is told with the id that the logs know, and tried again', async () => {
    const { userId } = await newUser(system, 5_000);
    const { page, open, close } = await visit({ userId });
    const problem = { reason: 'INTERNAL', detail: 'Something has gone wrong.', status: 500 };
    await page.route('**/v1/orders?*', (route) =>
      route.fulfill({
        status: 500,
        headers: { 'x-request-id': '0d9c-the-id' },
        contentType: 'application/problem+json',
        body: JSON.stringify(problem),
      }),
    );
    await open('/orders');
    await page.getByRole('alert').getByText('0d9c-the-id').waitFor();
    const retry = page.getByRole('button', { name: t.retry });
    await retry.waitFor();
    await page.unroute('**/v1/orders?*');
    // A change that arrives this very moment makes the page try by itself, and the button go.
    await retry.click({ timeout: 2_000 }).catch(() => retry.waitFor({ state: 'detached' }));
    await page.getByText(t.orders.emptyHint).waitFor();
    assert.is(await page.getByText('0d9c-the-id').count(), 0);
    await close();
  });

  test(
    'the page about the system tells which part does not run',
    async () => {
      const { page, open, close } = await visit({ userId: 'demo' });
      await open('/system');
      const row = page.getByRole('row', { name: t.operations.parts['payments']! });
      await row.getByText(t.operations.healthy).waitFor();
      const pids = system.pids(/services\/payments\/main/);
      assert.is(pids.length, 1);
      const frozen = freeze(pids);
      try {
        await page.getByText(t.operations.notReady).waitFor();
        assert.is(await row.getByText(t.operations.healthy).count(), 0);
      } finally {
        thaw(frozen);
      }
      await row.getByText(t.operations.healthy).waitFor();
      await close();
    },
    { timeoutMs: 120_000 },
  );

  test('browser notifications are asked for by a button alone', async () => {
    const { userId } = await newUser(system, 5_000);
    const { page, open, close } = await visit({ userId });
    await page.addInitScript(`
      globalThis.asked = 0;
      Object.defineProperty(Notification, 'permission', { get: () => 'default' });
      Notification.requestPermission = async () => {
        asked += 1;
        return 'granted';
      };
    `);
    const asked = () => page.evaluate('asked');
    await open('/inbox');
    const button = page.getByRole('button', { name: t.inbox.allow });
    await button.waitFor();
    assert.is(await asked(), 0);
    await button.click();
    await page.getByText(t.inbox.allowed).waitFor();
    assert.is(await asked(), 1);
    await close();
  });

  test('a change is told by the browser while the tab is hidden, and only then', async () => {
    const { userId, call } = await newUser(system, 5_000);
    const { page, context, open, toast, close } = await visit({ userId });
    await context.grantPermissions(['notifications'], { origin: system.url });
    // The real notifications, seen as they are made. No window of a headless browser is ever
    // hidden, so the page is told that it is.
    await page.addInitScript(`
      globalThis.told = [];
      globalThis.isHidden = false;
      globalThis.Notification = class extends Notification {
        constructor(title, options) {
          super(title, options);
          told.push([title, this.tag]);
        }
      };
      const visibility = { get: () => (isHidden ? 'hidden' : 'visible') };
      Object.defineProperty(document, 'visibilityState', visibility);
    `);
    const told = () => page.evaluate<[string, string][]>('told');
    await open('/orders');
    await page.locator('.header .connection[data-kind="live"]').waitFor();
    assert.is(await page.evaluate('Notification.permission'), 'granted');
    await call('POST', '/v1/orders', { body: { amount: usd(500) } });
    await toast(t.orderToasts['PAID']!('$5.00'));
    assert.equal(await told(), []);
    await page.evaluate(`
      isHidden = true;
      document.dispatchEvent(new Event('visibilitychange'));
    `);
    const { body } = await call('POST', '/v1/orders', { body: { amount: usd(700) } });
    await toast(t.orderToasts['PAID']!('$7.00'));
    const paid = (await told()).filter(([title]) => title === t.orderToasts['PAID']!('$7.00'));
    assert.equal(
      paid.map(([, tag]) => tag),
      [`${body.name}@2`],
    );
    await close();
  });
}

test.run();
