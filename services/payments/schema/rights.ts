import { deadLetterFunctions, deadLetterRights } from '#lib/dead-letters/tables.ts';
import { requestFunctions } from '#lib/idempotency/tables.ts';
import { inboxFunctions, inboxRights } from '#lib/inbox/tables.ts';
import { outboxFunctions, outboxRights } from '#lib/outbox/tables.ts';
import type { Rights } from '#lib/pg/rights.ts';

/**
 * What the running service may do. A transfer that is booked stays as it is, and so do the amount
 * and the owner of a payment; a new column that changes needs its name here.
 */
export const rights: Rights = {
  role: 'payments',
  tables: {
    accounts: 'select, insert, update (balance_minor, ledger_version, update_time)',
    system_accounts: 'select, insert',
    transfers: 'select, insert',
    payments: 'select, insert, update (state, ledger_version, update_time)',
    requests: 'select, insert',
    ...inboxRights,
    ...outboxRights,
    ...deadLetterRights,
  },
  functions: [...requestFunctions, ...outboxFunctions, ...inboxFunctions, ...deadLetterFunctions],
};
