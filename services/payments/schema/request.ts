import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** What a user's idempotency key was used for, and the ledger version of its answer. */
export const RequestRow = defineEntity({
  name: 'RequestRow',
  tableName: 'requests',
  properties: {
    userId: p.text().primary(),
    requestId: p.text().primary(),
    accountId: p.uuid(),
    ledgerVersion: p.bigint(),
    createTime: p.datetime(3),
  },
});

export type RequestRow = InferEntity<typeof RequestRow>;
