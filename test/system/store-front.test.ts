// What people do in the store front, in a browser, with the whole system behind it.
import * as assert from 'uvu/assert';
import { restClient, usd } from '#test/harness/started-system.ts';
import { newUser, openStoreFront } from '#test/harness/store-front.ts';
import { suite } from '#test/harness/suite.ts';
import { languages } from '../../web/src/text/language.ts';

const test = suite('the store front');

const front = await openStoreFront(test);

if (front !== undefined) {
  const { system, visit } = front;

  const spoken = [
    { locale: 'en-US', t: languages.en, topUp: '20.50', paid: '$12.50', balance: '$108.00' },
    { locale: 'ru-RU', t: languages.ru, topUp: '20,50', paid: '12,50', balance: '108,00' },
  ] as const;

  for (const { locale, t, topUp, paid, balance } of spoken) {
    test(`from the first visit to the paid order, in ${t.name}`, async () => {
      const { page, open, toast, close } = await visit({ locale });
      await open('/');
      await page.getByRole('heading', { level: 1, name: t.users.title }).waitFor();
      assert.is(await page.locator('html').getAttribute('lang'), locale.slice(0, 2));
      await page.getByLabel(t.users.id).fill(`new-${locale}`);
      await page.getByRole('button', { name: t.users.create }).click();
      await page.getByTestId('balance').filter({ hasText: '100' }).waitFor();
      await page.getByLabel(t.wallet.amount).fill(topUp);
      await page.getByRole('button', { name: t.wallet.add, exact: true }).click();
      await toast(t.wallet.moneyIn('').trim());
      await page.getByTestId('balance').filter({ hasText: '120' }).waitFor();
      await page.getByRole('link', { name: t.sections.orders }).click();
      await page.getByRole('link', { name: t.newOrder.open }).first().click();
      await page
        .getByRole('textbox', { name: t.newOrder.amount })
        .fill(t === languages.ru ? '12,5' : '12.5');
      await page.getByLabel(t.newOrder.description).fill('Two coffees');
      await page.getByRole('button', { name: t.newOrder.submit }).click();
      await toast(new RegExp(`${paid.replace('$', '\\$')}.*${t.states['PAID']}`, 'i'));
      await page.locator('[data-state="PAID"]').first().waitFor();
      await page
        .getByTestId('payment')
        .filter({ hasText: t.order.paymentStates['CAPTURED']! })
        .waitFor();
      await page.locator('[data-hop="BOOKED"]').waitFor();
      await page.locator('[data-hop="PUSHED"]').first().waitFor();
      await page.getByRole('link', { name: t.sections.wallet }).click();
      await page.getByTestId('balance').filter({ hasText: balance }).waitFor();
      await page.locator('tr[data-kind="PAYMENT"]').waitFor();
      await close();
    });
  }

  test('an order that is too dear fails, and the page says why', async () => {
    const { userId } = await newUser(system, 500);
    const { page, open, toast, close } = await visit({ userId });
    const { t } = spoken[0];
    await open('/orders/new');
    await page.getByText(t.newOrder.balance('$5.00')).waitFor();
    await page.getByRole('textbox', { name: t.newOrder.amount }).fill('5.01');
    await page.getByText(t.newOrder.tooDear).waitFor();
    await page.getByRole('button', { name: t.newOrder.submit }).click();
    await toast(t.failures['INSUFFICIENT_FUNDS']!);
    const failure = page.getByTestId('failure');
    await failure.waitFor();
    assert.is(await failure.innerText(), t.failures['INSUFFICIENT_FUNDS']);
    assert.is(await page.getByRole('button', { name: t.order.cancel }).count(), 0);
    await close();
  });

  test('lines add up, what is wrong is said at its field, and nothing is sent before', async () => {
    const { userId, call } = await newUser(system, 10_000);
    const { page, open, close } = await visit({ userId });
    const { t } = spoken[0];
    await open('/orders/new');
    await page.getByText(t.newOrder.byLines).click();
    await page.getByRole('button', { name: t.newOrder.addLine }).click();
    const [first, second] = [1, 2].map((n) =>
      page.getByRole('group', { name: t.newOrder.line(n) }),
    );
    await first!.getByLabel(t.newOrder.lineTitle).fill('Lamp');
    await first!.getByLabel(t.newOrder.quantity).fill('3');
    await first!.getByLabel(t.newOrder.unitAmount).fill('0.10');
    await second!.getByLabel(t.newOrder.unitAmount).fill('1,234.50');
    await page.getByRole('button', { name: t.newOrder.submit }).click();
    await second!.getByText(t.newOrder.lineTitleMissing).waitFor();
    await second!.getByText(t.amount.unreadable).waitFor();
    await page.locator('[aria-invalid="true"]:focus').waitFor();
    assert.equal((await call('GET', '/v1/orders')).body.orders ?? [], []);
    await second!.getByLabel(t.newOrder.lineTitle).fill('Gift wrap');
    await second!.getByLabel(t.newOrder.unitAmount).fill('0,2');
    assert.is(await page.getByTestId('total').innerText(), '$0.50');
    await page.getByRole('button', { name: t.newOrder.submit }).click();
    await page.getByRole('cell', { name: 'Gift wrap' }).waitFor();
    await close();
  });

  test('a cancelled order is asked about first, and its refund is in the wallet', async () => {
    const { userId, call } = await newUser(system, 5_000);
    const order = await paidOrder(call);
    const { page, open, toast, close } = await visit({ userId });
    const { t } = spoken[0];
    await open(`/${order}`);
    await page.getByRole('button', { name: t.order.cancel }).click();
    await page.getByRole('button', { name: t.order.cancelKeep }).click();
    assert.is((await call('GET', `/v1/${order}`)).body.state, 'PAID');
    await page.getByRole('button', { name: t.order.cancel }).click();
    await page.getByLabel(t.order.cancelReason).fill('Changed my mind');
    await page.getByRole('button', { name: t.order.cancelConfirm, exact: true }).click();
    await toast(t.orderToasts['CANCELLED']!('$30.00'));
    await page.getByText(t.order.reason('Changed my mind')).waitFor();
    await page.getByRole('link', { name: t.sections.wallet }).click();
    await page.locator('tr[data-kind="REFUND"]').waitFor();
    assert.is(await page.getByTestId('balance').innerText(), '$50.00');
    await page.getByLabel(t.wallet.kind).selectOption('REFUND');
    await page.locator('tr[data-kind="PAYMENT"]').waitFor({ state: 'detached' });
    await close();
  });

  test('an order that has changed since it was seen is not cancelled, but shown', async () => {
    const { userId, call } = await newUser(system, 5_000);
    const order = await paidOrder(call);
    const etag = `"${(await call('GET', `/v1/${order}`)).body.etag}"`;
    const { page, open, close } = await visit({ userId });
    const { t } = spoken[0];
    const conditions: (string | undefined)[] = [];
    await page.route('**/*:cancel', async (route) => {
      const sent = route.request().headers();
      conditions.push(sent['if-match']);
      const headers = { ...sent, 'if-match': '"of-an-older-version"' };
      await route.continue({ headers });
    });
    await open(`/${order}`);
    await page.getByRole('button', { name: t.order.cancel }).click();
    await page.getByRole('button', { name: t.order.cancelConfirm, exact: true }).click();
    await page.getByText(t.order.changedMeanwhile).waitFor();
    assert.equal(conditions, [etag]);
    assert.is((await call('GET', `/v1/${order}`)).body.state, 'PAID');
    await close();
  });

  async function paidOrder(call: ReturnType<typeof restClient>): Promise<string> {
    const { body } = await call('POST', '/v1/orders', { body: { amount: usd(3_000) } });
    for (;;) {
      const { state } = (await call('GET', `/v1/${body.name}`)).body;
      if (state === 'PAID') return body.name;
      await new Promise((resume) => setTimeout(resume, 50));
    }
  }
}

test.run();
