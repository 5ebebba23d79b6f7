import type { Invariant } from '#lib/audit/invariant.ts';
import {
  type AuditedOrder,
  type AuditedPayment,
  comparePair,
  hasMovedOn,
  paidStates,
  pairs,
} from './compare-orders.ts';
import { endedOrders, paidOrders, paymentsOfOrders, sales } from './invariants.ts';
import { brokenMax, type CheckResult } from './report.ts';
import type { Snapshot } from './snapshot.ts';

const allOrders = `
  select id, user_id, amount_minor::text, currency_code, state from orders order by id`;

const allPayments = `
  select order_id, user_id, amount_minor::text, currency_code, state from payments
  order by order_id`;

const received = `
  select currency_code, sum(case kind when 'PAYMENT' then amount_minor else -amount_minor end)::text
    as amount
  from transfers where kind <> 'TOP_UP' group by currency_code`;

const stateNow = 'select state from orders where id = $1';

/** Compares the two services, order by order; `payments` must be the later snapshot. */
export async function auditBothServices(
  orders: Snapshot,
  payments: Snapshot,
): Promise<CheckResult[]> {
  const comparison = new Comparison();
  const both = pairs(orders.stream(allOrders), payments.stream(allPayments));
  for await (const [order, payment] of both) {
    let verdict = comparePair(order, payment);
    if (verdict.kind === 'look again') {
      const id = order?.id ?? payment?.order_id;
      const [now] = await orders.now<{ state: string }>(stateNow, [id]);
      const explained = hasMovedOn(order ? payment?.state : undefined, now?.state);
      verdict = explained ? { kind: 'in flight' } : { ...verdict, kind: 'broken' };
    }
    comparison.add(order, payment, verdict);
  }
  const books = await payments.rows<{ currency_code: string; amount: string }>(received);
  return comparison.results(new Map(books.map((row) => [row.currency_code, BigInt(row.amount)])));
}

/** What was seen so far; only sums and broken rows are kept. */
class Comparison {
  readonly #checks = new Map<Invariant, CheckResult>();
  /** By currency: what the orders say that sales has received. */
  readonly #expected = new Map<string, bigint>();

  constructor() {
    for (const invariant of [paidOrders, endedOrders, paymentsOfOrders, sales]) {
      const counts = { checked: 0, inFlight: 0, broken: [], more: false };
      this.#checks.set(invariant, { ...invariant, where: 'both', ...counts });
    }
  }

  add(
    order: AuditedOrder | undefined,
    payment: AuditedPayment | undefined,
    verdict: ReturnType<typeof comparePair>,
  ): void {
    if (order) this.#checks.get(invariantOf(order.state))!.checked += 1;
    if (payment) this.#checks.get(paymentsOfOrders)!.checked += 1;
    if (verdict.kind === 'broken') {
      const row = { order: order?.id ?? payment?.order_id, what: verdict.what };
      keep(this.#checks.get(verdict.invariant)!, row);
    }
    const inFlight = verdict.kind === 'in flight';
    if (inFlight) this.#checks.get(order ? invariantOf(order.state) : paymentsOfOrders)!.inFlight++;
    // What is on its way counts as Payments says, everything else as Orders does.
    const isPaid = inFlight ? payment?.state === 'CAPTURED' : order && paidStates.has(order.state);
    const row = order ?? payment;
    if (!isPaid || !row) return;
    const sum = this.#expected.get(row.currency_code) ?? 0n;
    this.#expected.set(row.currency_code, sum + BigInt(row.amount_minor));
  }

  results(books: ReadonlyMap<string, bigint>): CheckResult[] {
    const check = this.#checks.get(sales)!;
    for (const currency of new Set([...books.keys(), ...this.#expected.keys()])) {
      check.checked += 1;
      const [booked, ordered] = [books.get(currency) ?? 0n, this.#expected.get(currency) ?? 0n];
      if (booked === ordered) continue;
      keep(check, { currency, received: String(booked), ordered: String(ordered) });
    }
    return [...this.#checks.values()];
  }
}

function invariantOf(state: string): Invariant {
  return state === 'FAILED' || state === 'CANCELLED' ? endedOrders : paidOrders;
}

function keep(check: CheckResult, row: Record<string, unknown>): void {
  if (check.broken.length < brokenMax) check.broken.push(row);
  else check.more = true;
}
