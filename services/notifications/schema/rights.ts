import { deadLetterFunctions, deadLetterRights } from '#lib/dead-letters/tables.ts';
import { inboxFunctions, inboxRights } from '#lib/inbox/tables.ts';
import type { Rights } from '#lib/pg/rights.ts';

/**
 * What the running service may do. It tells what happened elsewhere: everything here could be told
 * again, and what is old is deleted. Rows are locked before they are deleted, for which PostgreSQL
 * asks for the right to update one of their columns.
 */
export const rights: Rights = {
  role: 'notifications',
  tables: {
    heads: 'select, insert, update (number, event_id)',
    changes: 'select, insert, delete, update (create_time)',
    orders: 'select, insert, update',
    accounts: 'select, insert, update',
    notifications: 'select, insert, delete, update (read_time)',
    tickets: 'select, insert, delete, update (expire_time)',
    pushes: 'select, insert, delete, update (push_time)',
    live_instances: 'select, insert, update, delete',
    live_sockets: 'select, insert, update, delete',
    ...inboxRights,
    ...deadLetterRights,
  },
  functions: [...inboxFunctions, ...deadLetterFunctions],
};
