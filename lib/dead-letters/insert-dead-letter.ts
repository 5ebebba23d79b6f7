import type { Statement, Tx } from '#lib/pg/transaction.ts';

export interface DeadLetter {
  /** Who gave up: `outbox`, or the name of a durable consumer. */
  source: string;
  /** UUID, or undefined when the message has none that is valid. */
  eventId: string | undefined;
  type: string | undefined;
  subject: string;
  about: string | undefined;
  headers: Record<string, string>;
  payload: Uint8Array;
  /** How often the broker delivered it, or how often publishing it was tried. */
  deliveries: number;
}

/**
 * Nothing is locked but the row itself. A repeat of the same event updates it, and it waits for a
 * person again: it was replayed in vain, or an instance died between this and telling the broker,
 * and sees the message once more. Uses unique (source,
 * event_id).
 */
const statement: Statement = {
  name: 'insert-dead-letter',
  text: `
    insert into dead_letters
      (source, event_id, type, subject, about, headers, payload, cause, deliveries)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
    on conflict (source, event_id)
    do update set cause = excluded.cause, deliveries = excluded.deliveries,
      resolution = null, resolved_time = null, reason = null`,
};

/** Keeps a message that is given up, with the error that it died of. One statement. */
export async function insertDeadLetter(tx: Tx, letter: DeadLetter, error: unknown): Promise<void> {
  const { payload } = letter;
  await tx.query(statement, [
    letter.source,
    letter.eventId ?? null,
    clean(letter.type),
    clean(letter.subject),
    clean(letter.about),
    JSON.stringify(letter.headers).replaceAll('\\u0000', '\\ufffd'),
    Buffer.from(payload.buffer, payload.byteOffset, payload.byteLength),
    clean(causeText(error)),
    letter.deliveries,
  ]);
}

/**
 * The error and its causes in one text of at most 4,000 characters, stack traces left to the log.
 */
export function causeText(error: unknown): string {
  const texts: string[] = [];
  let cause = error;
  do {
    texts.push(cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause));
    cause = cause instanceof Error ? cause.cause : undefined;
  } while (cause !== undefined && texts.length < 5);
  return texts.join('; caused by ').slice(0, 4_000);
}

/** PostgreSQL stores no NUL in text: a poison message must not make its own burial fail. */
function clean(text: string | undefined): string | null {
  return text?.replaceAll('\0', '\ufffd') ?? null;
}
