import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** A notification as its list reads it. Kinds and reasons by their numbers in the contract. */
export const NotificationRow = defineEntity({
  name: 'NotificationRow',
  tableName: 'notifications',
  properties: {
    eventId: p.uuid().primary(),
    userId: p.text(),
    kind: p.smallint(),
    orderId: p.uuid().nullable(),
    amountMinor: p.bigint(),
    currencyCode: p.text(),
    failureReason: p.smallint(),
    createTime: p.datetime(3),
    readTime: p.datetime(3).nullable(),
  },
});

export type NotificationRow = InferEntity<typeof NotificationRow>;
