import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { StoredLine } from '../domain/order-lines.ts';
import type { OrderState } from '../domain/order-state.ts';

/** Who gets the goods, as it is kept, in JSON. */
export interface StoredRecipient {
  name: string;
  phoneNumber: string;
  address: string;
  regionCode: string;
}

/** An order as cold reads see it. Writes go through `sql/`, never through this entity. */
export const OrderRow = defineEntity({
  name: 'OrderRow',
  tableName: 'orders',
  properties: {
    id: p.uuid().primary(),
    userId: p.text(),
    state: p.text().$type<OrderState>(),
    failureReason: p.text().nullable(),
    amountMinor: p.bigint(),
    currencyCode: p.text(),
    description: p.text(),
    version: p.bigint(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
    carrier: p.text().nullable(),
    trackingCode: p.text().nullable(),
    lineCount: p.integer(),
    /** Read only where it is asked for: lists do without. */
    lines: p.json<StoredLine[]>().nullable().lazy(),
    recipient: p.json<StoredRecipient>().nullable().lazy(),
  },
});

export type OrderRow = InferEntity<typeof OrderRow>;
