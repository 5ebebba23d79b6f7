// Whether everybody can use the store front: with a keyboard, a screen reader, a small screen, in
// the dark. With PURSER_UPDATE=1 the pictures of the documentation are taken anew.
import { statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright-core';
import * as assert from 'uvu/assert';
import { usd } from '#test/harness/started-system.ts';
import { accessFaults, newUser, openStoreFront } from '#test/harness/store-front.ts';
import { suite } from '#test/harness/suite.ts';
import { languages } from '../../web/src/text/language.ts';

const test = suite('access to the store front');

const images = resolve(import.meta.dirname, '../../docs/images');
const { en: t, ru } = languages;

const front = await openStoreFront(test);

if (front !== undefined) {
  const { system, visit } = front;

  /** A user to whom something of everything has happened, and their orders, oldest first. */
  async function livelyUser() {
    const { userId, call } = await newUser(system, 20_000);
    const names: string[] = [];
    const lines = [
      { title: 'Desk lamp', quantity: 2, unitAmount: usd(2_450) },
      { title: 'Light bulb', quantity: 4, unitAmount: usd(375) },
    ];
    for (const order of [
      { amount: usd(1_250), description: 'Two coffees' },
      { amount: usd(99_999_900), description: 'A small island' },
      { lines, description: 'For the study' },
    ]) {
      const { body } = await call('POST', '/v1/orders', { body: order });
      names.push(body.name);
      while ((await call('GET', `/v1/${body.name}`)).body.state === 'PENDING');
    }
    await call('POST', `/v1/${names[0]}:cancel`, { body: { reason: 'Changed my mind' } });
    await call('POST', '/v1/account:topUp', { body: { amount: usd(5_000) } });
    return { userId, names };
  }

  async function settled(page: Page): Promise<void> {
    await page.locator('main h1').waitFor();
    await page.locator('.mantine-Skeleton-root').first().waitFor({ state: 'detached' });
    await page
      .locator('.header .connection[data-kind="connecting"]')
      .waitFor({ state: 'detached' });
  }

  // Words and colours have nothing to do with each other, so that two of the four pairs are enough.
  for (const [colorScheme, locale] of [
    ['light', 'en-US'],
    ['dark', 'ru-RU'],
  ] as const) {
    test(
      `no page has a serious fault, nor is wider than a phone: ${colorScheme}, ${locale}`,
      async () => {
        const { userId, names } = await livelyUser();
        const paths = [
          '/users',
          '/wallet',
          '/orders',
          '/orders/new',
          `/${names[1]}`,
          `/${names[2]}`,
          '/orders/nothing',
          '/inbox',
          '/system',
          '/nowhere',
        ];
        const { page, open, close } = await visit({ userId, colorScheme, locale });
        for (const path of paths) {
          await page.setViewportSize({ width: 1_100, height: 800 });
          await open(path);
          await settled(page);
          assert.equal(await accessFaults(page), [], path);
          await page.setViewportSize({ width: 360, height: 640 });
          const width = await page.evaluate('document.documentElement.scrollWidth');
          assert.is(width, 360, path);
          assert.equal(await accessFaults(page), [], `${path} on a phone`);
        }
        await close();
      },
      { timeoutMs: 90_000 },
    );
  }

  test('an order can be placed and cancelled with the keyboard alone', async () => {
    const { userId } = await newUser(system, 5_000);
    const { page, open, toast, close } = await visit({ userId });
    const press = (...keys: string[]) =>
      keys.reduce((before, key) => before.then(() => page.keyboard.press(key)), Promise.resolve());
    const focused = () => page.locator(':focus');
    await open('/orders');
    await settled(page);
    await press('Tab');
    assert.is(await focused().innerText(), t.skip);
    await press('Enter', 'Tab');
    assert.is(await focused().innerText(), t.newOrder.open);
    await press('Enter');
    await page.getByRole('heading', { level: 1, name: t.newOrder.title }).waitFor();
    assert.is(await focused().innerText(), t.newOrder.title);
    await press('Tab', 'Tab');
    await page.keyboard.type('12.50');
    await press('Tab');
    await page.keyboard.type('Tea');
    await press('Tab', 'Enter');
    await toast(t.orderToasts['PAID']!('$12.50'));
    assert.match(await focused().innerText(), /^Order …/);
    await page.getByRole('button', { name: t.order.cancel }).waitFor();
    await press('Tab', 'Tab', 'Enter');
    await page.getByRole('dialog').waitFor();
    await press('Escape');
    await page.getByRole('dialog').waitFor({ state: 'detached' });
    assert.is(await focused().innerText(), t.order.cancel);
    await press('Enter');
    await page.getByRole('dialog').waitFor();
    for (let left = 8; left > 0; left -= 1) {
      await press('Tab');
      if ((await focused().innerText()) === t.order.cancelConfirm) break;
    }
    await press('Enter');
    await toast(t.orderToasts['CANCELLED']!('$12.50'));
    await close();
  });

  test('toasts are told by screen readers and can be sent away', async () => {
    const { userId } = await newUser(system, 5_000);
    const { page, open, toast, close } = await visit({ userId });
    await open('/wallet');
    const region = page.getByRole('region', { name: t.toasts.label });
    assert.is(await region.getAttribute('aria-live'), 'polite');
    await page.getByRole('textbox', { name: t.wallet.amount }).fill('5');
    await page.keyboard.press('Enter');
    await toast(t.wallet.moneyIn('$5.00'));
    await region.getByRole('button', { name: t.toasts.dismiss }).click();
    await page.locator('.toast').waitFor({ state: 'detached' });
    await close();
  });

  test('language and colours are switched, and stay', async () => {
    const { page, open, close } = await visit({ colorScheme: 'dark' });
    const scheme = () => page.locator('html').getAttribute('data-mantine-color-scheme');
    await open('/');
    await page.getByLabel(t.language).selectOption('ru');
    await page.getByRole('heading', { name: ru.users.title }).waitFor();
    assert.is(await scheme(), 'dark');
    await page.getByRole('button', { name: ru.scheme.label }).click();
    assert.is(await scheme(), 'light');
    await page.reload();
    await page.getByRole('heading', { name: ru.users.title }).waitFor();
    assert.is(await scheme(), 'light');
    await close();
  });

  test('what is not there is said, with a way back', async () => {
    const { page, open, close } = await visit({ userId: 'demo' });
    await open('/nowhere');
    await page.getByRole('heading', { level: 1, name: t.notFound.title }).waitFor();
    await page.getByRole('link', { name: t.notFound.home }).click();
    await page.getByTestId('balance').waitFor();
    await open('/orders/01a1fe86-60f2-7d53-8b9d-79a0afa88a05');
    await page.getByText(t.order.notFound).waitFor();
    await close();
  });

  if (process.env['PURSER_UPDATE'] === '1') {
    test(
      'the pictures of the documentation',
      async () => {
        const { userId, names } = await livelyUser();
        const size = { width: 880, height: 640 };
        const { page, open, close } = await visit({ userId, viewport: size });
        for (const [name, address] of [
          ['wallet', '/wallet'],
          ['orders', '/orders'],
          ['order', `/${names[2]}`],
        ] as const) {
          await open(address);
          await settled(page);
          const path = join(images, `store-front-${name}.png`);
          const height = name === 'order' ? 1_180 : size.height;
          await page.setViewportSize({ ...size, height });
          await page.screenshot({ path });
          assert.ok(statSync(path).size < 150_000, path);
        }
        await close();
        const phone = { width: 360, height: 640 };
        const dark = await visit({ userId, viewport: phone, colorScheme: 'dark', locale: 'ru-RU' });
        await dark.open('/orders');
        await settled(dark.page);
        await dark.page.screenshot({ path: join(images, 'store-front-phone.png') });
        await dark.close();
      },
      { timeoutMs: 120_000 },
    );
  }
}

test.run();
