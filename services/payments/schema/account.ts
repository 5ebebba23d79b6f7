import { defineEntity, type InferEntity, p } from '@mikro-orm/core';

/** A user's wallet as cold reads see it. Writes go through `sql/`, never through this entity. */
export const AccountRow = defineEntity({
  name: 'AccountRow',
  tableName: 'accounts',
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    currencyCode: p.text(),
    balanceMinor: p.bigint(),
    ledgerVersion: p.bigint(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
  },
});

export type AccountRow = InferEntity<typeof AccountRow>;
