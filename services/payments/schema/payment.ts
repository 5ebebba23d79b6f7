import { defineEntity, type InferEntity, p } from '@mikro-orm/core';
import type { FailureReason, PaymentState } from '../domain/settle.ts';

/** The one decision about an order's payment. Written once, never changed. */
export const PaymentRow = defineEntity({
  name: 'PaymentRow',
  tableName: 'payments',
  properties: {
    orderId: p.uuid().primary(),
    userId: p.text(),
    amountMinor: p.bigint(),
    currencyCode: p.text(),
    state: p.text().$type<PaymentState>(),
    failureReason: p.text().$type<FailureReason>().nullable(),
    ledgerVersion: p.bigint(),
    createTime: p.datetime(3),
    updateTime: p.datetime(3),
  },
});

export type PaymentRow = InferEntity<typeof PaymentRow>;
