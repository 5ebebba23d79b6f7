import {
  type Order,
  Order_Action,
  Order_FailureReason,
  Order_State,
} from '#gen/purser/orders/v1/order.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import { allowedActions } from '../domain/order-state.ts';
import type { OrderRow } from '../schema/order.ts';

/** The order as callers see it. */
export function orderMessage(row: OrderRow): Order {
  return {
    name: orderName(row.id),
    userId: row.userId,
    state: Order_State[row.state],
    failureReason: failureReasonValue(row.failureReason),
    amount: { currencyCode: row.currencyCode, amountMinor: row.amountMinor },
    description: row.description,
    version: row.version,
    etag: `v${row.version}`,
    createTime: row.createTime,
    updateTime: row.updateTime,
    allowedActions: allowedActions(row.state).map((action) => Order_Action[action]),
    shipment:
      row.carrier && row.trackingCode
        ? { carrier: row.carrier, trackingCode: row.trackingCode }
        : undefined,
  };
}

export function failureReasonValue(reason: string | null | undefined): Order_FailureReason {
  return Order_FailureReason[
    (reason ?? 'FAILURE_REASON_UNSPECIFIED') as keyof typeof Order_FailureReason
  ];
}
