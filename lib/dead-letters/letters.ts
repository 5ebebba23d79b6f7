import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** A dead letter as it is kept. */
export interface Letter {
  id: string;
  source: string;
  eventId: string | null;
  type: string | null;
  subject: string;
  about: string | null;
  headers: Record<string, unknown>;
  payload: Buffer;
  cause: string;
  deliveries: number;
  createTime: Date;
  resolution: 'REPLAYED' | 'DISCARDED' | null;
  resolvedTime: Date | null;
  reason: string | null;
  /** Changes with every write of the row. */
  revision: string;
}

/** Which letters are meant; what is left out means any. */
export interface LetterFilter {
  ids?: readonly string[] | undefined;
  source?: string | undefined;
  /** Part of the cause, in upper or lower case. */
  cause?: string | undefined;
  /** The message's full name, or its last part. */
  type?: string | undefined;
  since?: Date | undefined;
  /** Those that are resolved as well. */
  resolved?: boolean | undefined;
}

/** Locks nothing. Walks the primary key: ids are UUIDs of version 7, so the newest come first. */
const selectStatement: Statement = {
  name: 'select-dead-letters',
  text: `
    select id, source, event_id as "eventId", type, subject, about, headers, payload, cause,
      deliveries, create_time as "createTime", resolution, resolved_time as "resolvedTime", reason,
      xmin::text as revision
    from dead_letters
    where ($1::uuid[] is null or id = any($1))
      and ($2::text is null or source = $2)
      and ($3::text is null or position(lower($3) in lower(cause)) > 0)
      and ($4::text is null or type = $4 or type like '%.' || $4)
      and ($5::timestamptz is null or create_time >= $5)
      and ($6 or resolution is null)
      and ($7::uuid is null or id < $7)
    order by id desc
    limit $8`,
};

/** A page of letters, newest first, beginning after the letter `before`. */
export async function selectLetters(
  tx: Tx,
  filter: LetterFilter,
  { before, limit }: { before?: string | undefined; limit: number },
): Promise<Letter[]> {
  const { ids, source, cause, type, since, resolved = false } = filter;
  const values = [ids, source, cause, type, since].map((value) => value ?? null);
  return tx.query<Letter>(selectStatement, [...values, resolved, before ?? null, limit]);
}

/**
 * Locks the row. Changes nothing when somebody else has written it since it was read: it may have
 * died again.
 */
const resolveStatement: Statement = {
  name: 'resolve-dead-letter',
  text: `
    update dead_letters set resolution = $3, resolved_time = now(), reason = $4
    where id = $1 and xmin::text = $2
    returning id`,
};

/** False when the letter has changed since it was read. */
export async function resolveLetter(
  tx: Tx,
  { id, revision }: Letter,
  resolution: 'REPLAYED' | 'DISCARDED',
  reason: string | null = null,
): Promise<boolean> {
  return (await tx.query(resolveStatement, [id, revision, resolution, reason])).length > 0;
}
