import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** What a user's idempotency key was used for. Writes go through `sql/`. */
export const RequestRow = defineEntity({
  name: 'RequestRow',
  tableName: 'requests',
  properties: {
    userId: p.text().primary(),
    requestId: p.text().primary(),
    orderId: p.uuid(),
    createTime: p.datetime(3),
  },
});

export type RequestRow = InferEntity<typeof RequestRow>;
