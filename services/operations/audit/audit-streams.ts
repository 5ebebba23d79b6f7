import { createHash, randomUUID } from 'node:crypto';
import { AckPolicy, DeliverPolicy, jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { Consumer, JetStreamManager, JsMsg } from '@nats-io/jetstream';
import { connect, nanos, type NatsConnection } from '@nats-io/transport-node';
import { outboxSinceSql } from '#lib/audit/outbox-invariants.ts';
import { serversOf, tlsOf } from '#lib/nats/broker.ts';
import { streamOf } from '#lib/nats/topology.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { streams } from './invariants.ts';
import { brokenMax, type CheckResult } from './report.ts';
import type { Row, Snapshot } from './snapshot.ts';

const pageSize = 500;

/**
 * Reads what the broker keeps and looks for every message in its service's outbox, as that is now:
 * a row is committed before its message is published, so a message without one is forged.
 */
export async function auditStreams(
  { nats: url, tls }: { nats: string; tls?: TlsFolder | undefined },
  snapshots: Readonly<Record<string, Snapshot>>,
  name = `audit-${randomUUID()}`,
): Promise<{ checks: CheckResult[]; source: string }> {
  let connection: NatsConnection;
  try {
    // Answers come where the broker of the containers lets Operations listen.
    const inboxPrefix = '_INBOX.purser-operations';
    const options = {
      ...serversOf(url),
      ...tlsOf({ url, tls }),
      inboxPrefix,
      name: 'purser-audit',
    };
    connection = await connect({ ...options, timeout: 3_000, reconnect: false });
  } catch (error) {
    return { checks: [], source: `left out, does not answer: ${(error as Error).message}` };
  }
  try {
    const checks: CheckResult[] = [];
    const counts: string[] = [];
    for (const [domain, snapshot] of Object.entries(snapshots)) {
      const check = await auditStream(connection, name, { domain, snapshot });
      checks.push(check);
      counts.push(`${streamOf(domain).name} ${check.checked} messages`);
    }
    const version = connection.info?.version ?? 'of an unknown version';
    return { checks, source: `nats-server ${version}, ${counts.join(', ')}` };
  } catch (error) {
    // A user of the broker that may not read streams is no reason to leave out all the rest.
    return { checks: [], source: `left out, cannot be read: ${(error as Error).message}` };
  } finally {
    await connection.close();
  }
}

async function auditStream(
  connection: NatsConnection,
  consumerName: string,
  { domain, snapshot }: { domain: string; snapshot: Snapshot },
): Promise<CheckResult> {
  const counts = { checked: 0, inFlight: 0, broken: [] as Row[], more: false };
  const check: CheckResult = { ...streams, where: domain, ...counts };
  const name = streamOf(domain).name;
  const manager = await jetstreamManager(connection, { checkAPI: false });
  const info = await manager.streams.info(name).catch(() => undefined);
  const last = info?.state.last_seq ?? 0;
  if (!info || info.state.messages === 0) return check;
  const since = await outboxSince(snapshot);
  const consumer = await consumerFromStart(connection, manager, { stream: name, consumerName });
  try {
    await readAll(consumer, last, (page) => look(page, { snapshot, check, since }));
  } finally {
    await manager.consumers.delete(name, consumerName).catch(() => {});
  }
  return check;
}

/** A consumer that acknowledges nothing, and that the broker forgets when nobody asks it. */
async function consumerFromStart(
  connection: NatsConnection,
  manager: JetStreamManager,
  { stream, consumerName }: { stream: string; consumerName: string },
): Promise<Consumer> {
  // An audit that died has left it where it was.
  await manager.consumers.delete(stream, consumerName).catch(() => {});
  await manager.consumers.add(stream, {
    name: consumerName,
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.All,
    inactive_threshold: nanos(60_000),
    mem_storage: true,
  });
  return jetstream(connection, { checkAPI: false }).consumers.get(stream, consumerName);
}

async function readAll(
  consumer: Consumer,
  last: number,
  handle: (page: readonly JsMsg[]) => Promise<void>,
): Promise<void> {
  for (let sequence = 0; sequence < last;) {
    const page: JsMsg[] = [];
    for await (const message of await consumer.fetch({ max_messages: pageSize, expires: 2_000 })) {
      page.push(message);
      sequence = message.seq;
      if (sequence >= last) break;
    }
    // Limits may have removed the rest meanwhile.
    if (page.length === 0) return;
    await handle(page);
  }
}

async function look(
  page: readonly JsMsg[],
  { snapshot, check, since }: { snapshot: Snapshot; check: CheckResult; since: number },
): Promise<void> {
  // The stream's own time: what a publisher says of itself hides nothing.
  const young = page.filter((message) => message.time.getTime() >= since);
  check.checked += young.length;
  for (const row of await forged(young, snapshot)) {
    if (check.broken.length < brokenMax) check.broken.push(row);
    else check.more = true;
  }
}

/** Rows that are older may have had their time. */
async function outboxSince(snapshot: Snapshot): Promise<number> {
  const [row] = await snapshot.now<{ ms: number }>(
    `select extract(epoch from ${outboxSinceSql})::float8 * 1000 as ms`,
    [],
  );
  return row?.ms ?? -Infinity;
}

interface Stored {
  id: string;
  type: string;
  digest: string;
}

async function forged(messages: readonly JsMsg[], snapshot: Snapshot): Promise<Row[]> {
  const ids = messages.map((message) => message.headers?.get('ce-id') ?? '');
  const uuids = ids.filter((id) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id));
  const rows = await snapshot.now<Stored>(
    `select event_id || ':' || publication as id, type,
       encode(sha256(payload), 'hex') as digest
     from outbox where event_id = any($1::uuid[])`,
    [uuids],
  );
  const known = new Map(rows.map((row) => [row.id, row]));
  return messages.flatMap(({ headers, subject, seq, data }, index) => {
    const transportId = headers?.get('Nats-Msg-Id') ?? '';
    const row = transportId.startsWith(`${ids[index]}:`) ? known.get(transportId) : undefined;
    const digest = createHash('sha256').update(data).digest('hex');
    if (row && row.type === headers?.get('ce-type') && row.digest === digest) return [];
    const what = row ? 'differs from its row' : 'has no row';
    return [{ sequence: seq, subject, transportId, what }];
  });
}
