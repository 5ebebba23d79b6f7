import { type Order, Order_FailureReason, Order_State } from '#gen/purser/orders/v1/order.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { OrderRow } from '../schema/order.ts';

/** The order as callers see it. */
export function orderMessage(row: OrderRow): Order {
  return {
    name: orderName(row.id),
    userId: row.userId,
    state: Order_State[row.state as keyof typeof Order_State],
    failureReason: failureReasonValue(row.failureReason),
    amount: { currencyCode: row.currencyCode, amountMinor: row.amountMinor },
    description: row.description,
    version: row.version,
    etag: `v${row.version}`,
    createTime: row.createTime,
    updateTime: row.updateTime,
  };
}

export function failureReasonValue(reason: string | null | undefined): Order_FailureReason {
  return Order_FailureReason[
    (reason ?? 'FAILURE_REASON_UNSPECIFIED') as keyof typeof Order_FailureReason
  ];
}
