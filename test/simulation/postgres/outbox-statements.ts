import type { Execution, Running, StatementModel } from './engine.ts';
import {
  insertOutboxRows,
  isPublished,
  type OutboxRow,
  type OutboxTables,
  type RelayRow,
} from './outbox-tables.ts';

/** Models of the statements of lib/outbox and lib/dead-letters, by their names. */
export function outboxStatements(tables: OutboxTables): Record<string, StatementModel> {
  return {
    *'outbox-insert-events'(at, values) {
      yield* insertOutboxRows(at, tables, values);
      return [];
    },
    'outbox-acquire-lease': (at, values) => acquireLease(at, tables, values),
    'outbox-renew-lease': (at, [holder, term, leaseMs]) =>
      changeLease(at, tables, { holder, term }, (row) => ({
        ...row,
        leaseUntilMs: at.engine.clockMs() + leaseMs,
      })),
    'outbox-release-lease': (at, [holder, term]) =>
      changeLease(at, tables, { holder, term }, (row) => ({
        ...row,
        holder: null,
        leaseUntilMs: Number.NEGATIVE_INFINITY,
      })),
    'outbox-advance-cursor': (at, values) => moveCursor(at, tables, values),
    'outbox-bury-row': (at, values) => buryRow(at, tables, values),
    'outbox-read-page': (at, values) => readPage(at, tables, values),
    'outbox-republish': (at, values) => republish(at, tables, values),
    'insert-dead-letter': (at, values) => insertDeadLetter(at, tables, values),
  };
}

function* acquireLease(at: Execution, { relay }: OutboxTables, values: readonly any[]): Running {
  const [holder, leaseMs] = values as [string, number];
  const { engine } = at;
  const isFree = (lease: RelayRow) =>
    lease.leaseUntilMs < engine.clockMs() || lease.holder === holder;
  const row = yield* relay.lock(at, '', isFree);
  if (row === undefined) return [];
  const term = row.term + 1;
  const leaseUntilMs = engine.clockMs() + leaseMs;
  relay.write('', { ...row, holder, term, leaseUntilMs });
  const { seen, target, tx, seq } = row;
  const [xmax, now] = [target ?? seen, engine.snapshotText(at.transaction)].map((it) =>
    engine.snapshotMax(it),
  );
  const restored = xmax! > now!;
  return [{ term: BigInt(term), seen, target, tx: String(tx), seq: BigInt(seq), restored }];
}

function* changeLease(
  at: Execution,
  { relay }: OutboxTables,
  { holder, term }: { holder: string; term: bigint },
  change: (row: RelayRow) => RelayRow,
): Running {
  const isHeld = (row: RelayRow) => row.holder === holder && row.term === Number(term);
  const row = yield* relay.lock(at, '', isHeld);
  if (row === undefined) return [];
  relay.write('', change(row));
  return [{ term }];
}

function moveCursor(at: Execution, tables: OutboxTables, values: readonly any[]): Running {
  const [holder, term, seen, target, tx, seq, leaseMs] = values;
  return changeLease(at, tables, { holder, term }, (row) => ({
    ...row,
    seen,
    target,
    tx: Number(tx),
    seq: Number(seq),
    leaseUntilMs: at.engine.clockMs() + leaseMs,
  }));
}

function* buryRow(at: Execution, tables: OutboxTables, values: readonly any[]): Running {
  const moved = yield* moveCursor(at, tables, values);
  if (moved.length === 0) return [];
  const [tx, seq, cause, deliveries] = values.slice(7);
  for (const row of tables.outbox.rows(at)) {
    if (row.tx !== Number(tx) || row.seq !== Number(seq)) continue;
    const { eventId, type, about } = row;
    const letter = { source: 'outbox', eventId, type, about, deliveries, cause };
    yield* keepLetter(at, tables, letter);
  }
  return moved;
}

function* insertDeadLetter(at: Execution, tables: OutboxTables, values: readonly any[]): Running {
  const [source, eventId, type, , about, , , cause, deliveries] = values;
  yield* keepLetter(at, tables, { source, eventId, type, about, deliveries, cause });
  return [];
}

type Letter = Parameters<OutboxTables['deadLetters']['write']>[1];

function* keepLetter(at: Execution, { deadLetters }: OutboxTables, letter: Letter) {
  const { source, eventId } = letter;
  // Nulls are distinct in a unique key.
  const key = `${source}:${eventId ?? `null ${deadLetters.slots.size}`}`;
  if (yield* deadLetters.insert(at, key, letter)) return;
  yield* lockAfterConflict(at, deadLetters, key);
  deadLetters.write(key, letter);
}

/** `on conflict do update` locks the row even when the snapshot does not show it. */
function lockAfterConflict<Row>(
  at: Execution,
  table: { lock: (at: Execution, key: string) => Generator<any, Row | undefined, void> },
  key: string,
) {
  return table.lock({ ...at, snapshot: Number.POSITIVE_INFINITY }, key);
}

// eslint-disable-next-line require-yield
function* readPage(at: Execution, { outbox }: OutboxTables, values: readonly any[]): Running {
  const [target, fromTx, fromSeq, running, lastTx, lastSeq, limit] = values;
  const { engine } = at;
  const goal: string = target ?? engine.snapshotText(at.transaction);
  const max = engine.snapshotMax(goal);
  const from = { tx: Number(fromTx), seq: Number(fromSeq) };
  const last = { tx: Number(lastTx), seq: Number(lastSeq) };
  const list = new Set((running as string[]).map(Number));
  const page: OutboxRow[] = [];
  for (const row of outbox.rows(at)) {
    if (!engine.isVisible(row.tx, goal)) continue;
    const isLater = row.tx < max && compare(row, from) > 0;
    const isLate = list.has(row.tx) && (row.tx > last.tx || compare(row, last) > 0);
    if (isLater) page.push(row);
    if (isLate) page.push(row);
  }
  page.sort(compare);
  return page.slice(0, limit).map((row, index) => ({
    tx: String(row.tx),
    seq: BigInt(row.seq),
    event_id: row.eventId,
    type: row.type,
    subject: row.subject,
    about: row.about,
    payload: row.payload,
    traceparent: row.traceparent,
    publication: row.publication,
    create_time: new Date(row.createMs),
    target: index === 0 ? goal : null,
    age_ms: engine.clockMs() - row.createMs,
  }));
}

function compare(a: { tx: number; seq: number }, b: { tx: number; seq: number }): number {
  return a.tx - b.tx || a.seq - b.seq;
}

function* republish(at: Execution, tables: OutboxTables, values: readonly any[]): Running {
  const [ids, backlogMax] = values as [string[], number];
  const relay = tables.relay.seen(at, '')!;
  const rows = [...tables.outbox.rows(at)];
  const max = at.engine.snapshotMax(relay.seen);
  const isFull = rows.filter(({ tx }) => tx >= max).length >= backlogMax;
  const results: unknown[] = [];
  for (const eventId of [...new Set(ids)].sort()) {
    const own = rows.filter((row) => row.eventId === eventId);
    const last = own.toSorted((a, b) => b.publication - a.publication)[0];
    const outcome = republication(at, { last, relay, isFull });
    results.push({ eventId, outcome });
    if (outcome !== 'republished' || !last) continue;
    at.engine.assignId(at.transaction);
    const publication = last.publication + 1;
    yield* tables.outbox.insert(at, `${eventId}:${publication}`, {
      ...last,
      publication,
      tx: at.transaction.xid,
      seq: at.engine.nextSequence(),
      createMs: at.transaction.startMs,
    });
  }
  return results;
}

function republication(
  at: Execution,
  { last, relay, isFull }: { last: OutboxRow | undefined; relay: RelayRow; isFull: boolean },
): string {
  if (!last) return 'missing';
  if (!isPublished(at, last, relay)) return 'unpublished';
  return isFull ? 'congested' : 'republished';
}
