import {
  type Order,
  Order_Action,
  Order_FailureReason,
  Order_State,
  type OrderLine,
} from '#gen/purser/orders/v1/order.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import type { StoredLine } from '../domain/order-lines.ts';
import { allowedActions } from '../domain/order-state.ts';
import type { OrderRow } from '../schema/order.ts';

/** The order as callers see it; without lines and recipient where the row was read without them. */
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
    lines: (row.lines ?? []).map((line) => lineMessage(line, row.currencyCode)),
    lineCount: row.lineCount,
    recipient: row.recipient ?? undefined,
  };
}

function lineMessage(line: StoredLine, currencyCode: string): OrderLine {
  const { title, quantity, attributes } = line;
  const unitAmountMinor = BigInt(line.unitAmountMinor);
  return {
    title,
    quantity,
    unitAmount: { currencyCode, amountMinor: unitAmountMinor },
    attributes,
    amount: { currencyCode, amountMinor: BigInt(quantity) * unitAmountMinor },
  };
}

export function failureReasonValue(reason: string | null | undefined): Order_FailureReason {
  return Order_FailureReason[
    (reason ?? 'FAILURE_REASON_UNSPECIFIED') as keyof typeof Order_FailureReason
  ];
}
