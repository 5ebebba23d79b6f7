import { deadLetterFunctions, deadLetterRights } from '#lib/dead-letters/tables.ts';
import { requestFunctions } from '#lib/idempotency/tables.ts';
import { outboxFunctions, outboxRights } from '#lib/outbox/tables.ts';
import type { Rights } from '#lib/pg/rights.ts';

/**
 * What the running service may do. What an order costs, who ordered it and what happened to it can
 * be written once and never again; a new column that changes needs its name here.
 */
export const rights: Rights = {
  role: 'orders',
  tables: {
    orders:
      'select, insert, update (state, failure_reason, version, update_time, carrier, ' +
      'tracking_code, check_time, checks)',
    order_events: 'select, insert',
    // A repeated key is updated with its own fingerprint: that locks and returns it.
    requests: 'select, insert, update (fingerprint)',
    reconciler: 'select, update (next_round_time, failures)',
    ...outboxRights,
    ...deadLetterRights,
  },
  functions: [...requestFunctions, ...outboxFunctions, ...deadLetterFunctions],
};
