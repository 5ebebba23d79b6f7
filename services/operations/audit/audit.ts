import type { TableInvariant } from '#lib/audit/invariant.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { notificationsInvariants } from '../../notifications/audit.ts';
import { ordersInvariants } from '../../orders/audit.ts';
import { paymentsInvariants } from '../../payments/audit.ts';
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
  /** Name of the consumer that reads each stream, for a broker that allows only that one. */
  consumer?: string;
  /** Told after every step how many of them are done. */
  onProgress?: (done: number, total: number) => void;
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
  const step = countSteps(options);
  const orders = await Snapshot.open(options.orders, graceMs);
  const payments = await Snapshot.open(options.payments, graceMs);
  try {
    const checks = [
      ...(await auditTables('orders', orders, { invariants: ordersInvariants, step })),
      ...(await auditTables('payments', payments, { invariants: paymentsInvariants, step })),
      ...(await auditBothServices(orders, payments)),
    ];
    step();
    const sources: Record<string, string> = {
      orders: await describe(options.orders, orders),
      payments: await describe(options.payments, payments),
    };
    if (options.notifications) {
      const notifications = await Snapshot.open(options.notifications, graceMs);
      const invariants = notificationsInvariants;
      checks.push(...(await auditTables('notifications', notifications, { invariants, step })));
      sources['notifications'] = await describe(options.notifications, notifications);
      await notifications.close();
    }
    if (options.nats) {
      const broker = { nats: options.nats, tls: options.tls };
      const streams = await auditStreams(broker, { orders, payments }, options.consumer);
      checks.push(...streams.checks);
      sources['broker'] = streams.source;
      step();
    }
    const tookMs = Math.round(performance.now() - startedAt);
    return { startTime: startTime.toISOString(), tookMs, graceMs, sources, checks };
  } finally {
    await Promise.all([orders.close(), payments.close()]);
  }
}

/** Counts the steps that are done: every invariant of one service, comparing two, the streams. */
function countSteps({ notifications, nats, onProgress }: AuditOptions): () => void {
  const ofOthers = notifications ? notificationsInvariants.length : 0;
  const ofServices = ordersInvariants.length + paymentsInvariants.length + ofOthers;
  const total = ofServices + 1 + (nats ? 1 : 0);
  let done = 0;
  onProgress?.(done, total);
  return () => onProgress?.(++done, total);
}

async function auditTables(
  where: string,
  snapshot: Snapshot,
  { invariants, step }: { invariants: readonly TableInvariant[]; step: () => void },
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
    step();
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
