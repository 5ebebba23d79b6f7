import type { Statement, Tx } from '#lib/pg/transaction.ts';
import { type Following, followingMax, type Position } from '../domain/position.ts';

/** Where a stream of a user has got to. */
export interface Reader {
  userId: string;
  position: Position;
}

/** What follows a position, as the log has it. */
export interface Page extends Following {
  lines: { number: bigint; eventId: string; content: Buffer; traceparent: string | null }[];
}

/**
 * Locks nothing. One statement sees one state of the database, so head and lines fit together. Uses
 * the primary keys of heads and changes: for each reader one look for the position and one range.
 */
const readFollowingStatement: Statement = {
  name: 'read_following',
  text: `
    select reader.index, coalesce(head.number, 0) as head,
      (
        reader.number = 0
        or (head.number = reader.number and head.event_id = reader.event_id)
        or exists (
          select from changes
          where changes.user_id = reader.user_id and changes.number = reader.number
            and changes.event_id = reader.event_id
        )
      ) as "isKnown",
      line.number, line.event_id as "eventId", line.content, line.traceparent
    from unnest($1::text[], $2::bigint[], $3::uuid[])
      with ordinality as reader (user_id, number, event_id, index)
    left join heads as head on head.user_id = reader.user_id
    left join lateral (
      select number, event_id, content, traceparent from changes
      where changes.user_id = reader.user_id and changes.number > reader.number
      order by changes.number limit ${followingMax}
    ) as line on true
    order by reader.index, line.number`,
};

interface Row {
  index: bigint;
  head: bigint;
  isKnown: boolean;
  number: bigint | null;
  eventId: string;
  content: Buffer;
  /** Only of a change whose trace is recorded. */
  traceparent: string | null;
}

/** One page for each reader, in their order. */
export async function readFollowing(tx: Tx, readers: readonly Reader[]): Promise<Page[]> {
  if (readers.length === 0) return [];
  const rows = await tx.query<Row>(readFollowingStatement, [
    readers.map(({ userId }) => userId),
    readers.map(({ position }) => position.number),
    readers.map(({ position }) => position.eventId),
  ]);
  const pages: Page[] = [];
  for (const { index, head, isKnown, number, eventId, content, traceparent } of rows) {
    const page = (pages[Number(index) - 1] ??= { head, isKnown, lines: [], numbers: [] });
    if (number === null) continue;
    page.lines.push({ number, eventId, content, traceparent });
    (page.numbers as bigint[]).push(number);
  }
  return pages;
}
