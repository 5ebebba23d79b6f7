import type { Statement, Tx } from '#lib/pg/transaction.ts';

/** Locks the new row alone. */
const insertTicketStatement: Statement = {
  name: 'insert_ticket',
  text: `insert into tickets (hash, user_id, expire_time) values ($1, $2, $3)`,
};

export interface Ticket {
  /** SHA-256 of the ticket. */
  hash: Buffer;
  userId: string;
  expireTime: Date;
}

export async function insertTicket(tx: Tx, { hash, userId, expireTime }: Ticket): Promise<void> {
  await tx.query(insertTicketStatement, [hash, userId, expireTime]);
}

/**
 * Locks the ticket's row: of two who come with one ticket the second waits, and finds it gone. Uses
 * the primary key. Outcome: the user, whether the ticket has expired or not; none for a ticket that
 * is used up or never was.
 */
const takeTicketStatement: Statement = {
  name: 'take_ticket',
  text: `
    delete from tickets where hash = $1
    returning user_id as "userId", expire_time as "expireTime"`,
};

export async function takeTicket(
  tx: Tx,
  hash: Buffer,
): Promise<{ userId: string; expireTime: Date } | undefined> {
  const [row] = await tx.query<{ userId: string; expireTime: Date }>(takeTicketStatement, [hash]);
  return row;
}
