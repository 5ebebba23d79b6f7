import { subtractMoney } from '#sdk/src/money.ts';
import type { Change } from '../session/newest.ts';
import { orderPath } from '../navigation/route.ts';
import type { Messages } from '../text/english.ts';
import type { Format } from '../text/format.ts';
import type { Toast } from './toast-list.ts';

const tones: Readonly<Record<string, Toast['tone']>> = { PAID: 'good', FAILED: 'bad' };

/** What to tell of a change; undefined when something else tells of it already. */
export function describeChange(
  change: Change,
  { t, format }: { t: Messages; format: Format },
): Omit<Toast, 'id'> | undefined {
  if (change.kind === 'order') {
    const { name, state, failureReason, amount } = change.order;
    const say = t.orderToasts[state];
    if (say === undefined) return undefined;
    return {
      tone: tones[state] ?? 'plain',
      title: say(format.money(amount)),
      text: failureReason === undefined ? undefined : t.failures[failureReason],
      href: orderPath(name),
    };
  }
  const { account, before } = change;
  if (before === undefined || before.balance.currencyCode !== account.balance.currencyCode) {
    return undefined;
  }
  const difference = subtractMoney(account.balance, before.balance);
  // Of what went out, the order that was paid tells.
  if (difference.amountMinor <= 0n) return undefined;
  return {
    tone: 'good',
    title: t.wallet.moneyIn(format.money(difference)),
    text: `${t.wallet.balance}: ${format.money(account.balance)}`,
    href: '/wallet',
  };
}
