import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext } from '#lib/grpc/unary-call.ts';
import type { OrderRow } from '../schema/order.ts';

/**
 * Throws ORDER_NOT_FOUND unless the order is the caller's, or the caller is staff: an order of
 * another user answers like one that does not exist.
 */
export function requireVisible(
  order: OrderRow | null | undefined,
  name: string,
  { userId, isStaff }: CallContext,
): asserts order is OrderRow {
  if (!order || (order.userId !== userId && !isStaff)) {
    throw new PurserError('ORDER_NOT_FOUND', { order: name });
  }
}
