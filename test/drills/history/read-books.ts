import { select } from '../observe.ts';
import type { Books, LedgerEntry, OrderVersion } from './history.ts';

/** Reads the books of both services, when nothing moves any more. */
export async function readBooks(addresses: { orders: string; payments: string }): Promise<Books> {
  const entries = await rows(
    addresses.payments,
    `select user_id, t.ledger_version, kind, amount_minor, balance_after_minor, order_id
     from transfers t join accounts a on a.id = t.account_id`,
  );
  const orders = await rows(
    addresses.orders,
    `select order_id, user_id, e.version, to_state
     from order_events e join orders o on o.id = e.order_id`,
  );
  const orderKeys = await rows(
    addresses.orders,
    'select user_id, request_id, order_id from requests',
  );
  const paymentKeys = await rows(
    addresses.payments,
    'select user_id, request_id, ledger_version from requests where ledger_version > 0',
  );
  return {
    entries: entries.map((row) => ({
      userId: row['user_id']!,
      version: BigInt(row['ledger_version']!),
      kind: row['kind'] as LedgerEntry['kind'],
      amountMinor: BigInt(row['amount_minor']!),
      balanceAfterMinor: BigInt(row['balance_after_minor']!),
      orderId: row['order_id'] ?? null,
    })),
    orders: orders.map((row): OrderVersion => ({
      orderId: row['order_id']!,
      userId: row['user_id']!,
      version: BigInt(row['version']!),
      state: row['to_state']!,
    })),
    keys: [
      ...orderKeys.map((row) => ({
        userId: row['user_id']!,
        key: row['request_id']!,
        orderId: row['order_id']!,
      })),
      ...paymentKeys.map((row) => ({
        userId: row['user_id']!,
        key: row['request_id']!,
        version: BigInt(row['ledger_version']!),
      })),
    ],
  };
}

type Row = Record<string, string | undefined>;

const rows = (url: string, text: string) => select<Row>(url, text);
