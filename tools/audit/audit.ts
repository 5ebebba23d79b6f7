import type { TableInvariant } from '#lib/audit/invariant.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { notificationsInvariants } from '../../services/notifications/audit.ts';
import { ordersInvariants } from '../../services/orders/audit.ts';
import { paymentsInvariants } from '../../services/payments/audit.ts';
import { auditBothServices } from './audit-both.ts';
import { auditStreams } from './audit-streams.ts';
import { type AuditReport, brokenMax, type CheckResult } from './report.ts';
import { type Row, Snapshot } from './snapshot.ts';

export interface AuditOptions {
  /** Addresses of the databases. */
  orders: string;
  payments: string;
  /** Without it, its tables are left out. */
  notifications?: string | undefined;
  /** Address of the broker; without it, or when it does not answer, its streams are left out. */
  nats?: string | undefined;
  /** The certificate for the broker, where its address begins with tls://. */
  tls?: TlsFolder | undefined;
  /** How long something may be on its way, in milliseconds. */
  graceMs?: number;
}

/**
 * What messages, retries and the reconciler may take: an order waits 30 s until it is asked for.
 */
export const graceMsDefault = 60_000;

/**
 * Checks every invariant that the data can show. May run at any time, beside everything.
 *
 * The snapshot of Orders is taken first, the one of Payments after it. An order is PAID, FAILED or
 * CANCELLED only after Payments has committed why, so what Orders says must be in the later
 * snapshot. What Payments has done since is not in the earlier one: there, and only there, the
 * order is looked at again as it is now.
 */
export async function audit(options: AuditOptions): Promise<AuditReport> {
  const { graceMs = graceMsDefault } = options;
  const startTime = new Date();
  const startedAt = performance.now();
  const orders = await Snapshot.open(options.orders, graceMs);
  const payments = await Snapshot.open(options.payments, graceMs);
  try {
    const checks = [
      ...(await auditTables('orders', orders, ordersInvariants)),
      ...(await auditTables('payments', payments, paymentsInvariants)),
      ...(await auditBothServices(orders, payments)),
    ];
    const sources: Record<string, string> = {
      orders: await describe(options.orders, orders),
      payments: await describe(options.payments, payments),
    };
    if (options.notifications) {
      const notifications = await Snapshot.open(options.notifications, graceMs);
      checks.push(...(await auditTables('notifications', notifications, notificationsInvariants)));
      sources['notifications'] = await describe(options.notifications, notifications);
      await notifications.close();
    }
    if (options.nats) {
      const streams = await auditStreams(
        { nats: options.nats, tls: options.tls },
        { orders, payments },
      );
      checks.push(...streams.checks);
      sources['broker'] = streams.source;
    }
    const tookMs = Math.round(performance.now() - startedAt);
    return { startTime: startTime.toISOString(), tookMs, graceMs, sources, checks };
  } finally {
    await Promise.all([orders.close(), payments.close()]);
  }
}

async function auditTables(
  where: string,
  snapshot: Snapshot,
  invariants: readonly TableInvariant[],
): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { checked, broken, inFlight, ...invariant } of invariants) {
    const rows = await snapshot.rows(`select * from (${broken}) as b limit ${brokenMax + 1}`);
    results.push({
      ...invariant,
      where,
      checked: await snapshot.count(checked),
      inFlight: inFlight ? await snapshot.count(inFlight) : 0,
      broken: rows.slice(0, brokenMax),
      more: rows.length > brokenMax,
    });
  }
  return results;
}

async function describe(url: string, snapshot: Snapshot): Promise<string> {
  const [row] = await snapshot.rows<Row>(
    `select current_setting('server_version') as version,
       (select name from mikro_orm_migrations order by id desc limit 1) as step`,
  );
  const { host, pathname } = new URL(url);
  return `${host}${pathname}, PostgreSQL ${row?.['version']}, schema ${row?.['step']}`;
}
