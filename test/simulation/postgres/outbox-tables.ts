import { type Execution, Table, uniqueViolation, type Slot } from './engine.ts';

export interface OutboxRow {
  tx: number;
  seq: number;
  eventId: string;
  type: string;
  subject: string;
  about: string;
  payload: Buffer;
  traceparent: string | null;
  publication: number;
  createMs: number;
}

export interface RelayRow {
  seen: string;
  target: string | null;
  tx: number;
  seq: number;
  holder: string | null;
  term: number;
  leaseUntilMs: number;
}

export interface DeadLetterRow {
  source: string;
  eventId: string | null;
  type: string | null;
  about: string | null;
  deliveries: number;
  cause: string;
}

/** The tables of lib/outbox, lib/inbox and lib/dead-letters. */
export class OutboxTables {
  /** By event id and publication. */
  readonly outbox = new Table<OutboxRow>();
  readonly relay = new Table<RelayRow>();
  /** By source and event id; those without an id by a number. */
  readonly deadLetters = new Table<DeadLetterRow>();

  constructor() {
    const nobody = { holder: null, term: 0, leaseUntilMs: Number.NEGATIVE_INFINITY };
    this.relay.preset('', { seen: '3:3:', target: null, tx: 0, seq: 0, ...nobody });
  }
}

/** `lib/outbox/is-published.ts` */
export function isPublished(at: Execution, row: OutboxRow, relay: RelayRow): boolean {
  const { engine } = at;
  if (engine.isVisible(row.tx, relay.seen)) return true;
  if (relay.target === null) return false;
  const isBefore = row.tx < relay.tx || (row.tx === relay.tx && row.seq <= relay.seq);
  return isBefore && engine.isVisible(row.tx, relay.target);
}

/** What `outboxColumns` makes, from `values[first]` on: six columns. */
export type OutboxColumns = readonly [
  string[],
  string[],
  string[],
  string[],
  Buffer[],
  (string | null)[],
];

export function* insertOutboxRows(
  at: Execution,
  { outbox }: OutboxTables,
  columns: readonly any[],
  wanted: (index: number) => boolean = () => true,
): Generator<Slot, void, void> {
  const [ids, types, subjects, abouts, payloads, traces] = columns as unknown as OutboxColumns;
  for (let index = 0; index < ids.length; index += 1) {
    if (!wanted(index)) continue;
    at.engine.assignId(at.transaction);
    const eventId = ids[index]!;
    const isNew = yield* outbox.insert(at, `${eventId}:1`, {
      tx: at.transaction.xid,
      seq: at.engine.nextSequence(),
      eventId,
      type: types[index]!,
      subject: subjects[index]!,
      about: abouts[index]!,
      payload: payloads[index]!,
      traceparent: traces[index]!,
      publication: 1,
      createMs: at.transaction.startMs,
    });
    if (!isNew) throw uniqueViolation('outbox_event_id_publication_key');
  }
}
