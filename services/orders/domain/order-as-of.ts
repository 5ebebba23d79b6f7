import type { OrderState } from './order-state.ts';

interface Changeable {
  state: OrderState;
  failureReason?: string | null | undefined;
  version: bigint;
  updateTime: Date;
  carrier?: string | null | undefined;
  trackingCode?: string | null | undefined;
}

interface HistoryLine {
  version: bigint;
  toState: OrderState;
  failureReason?: string | null | undefined;
  createTime: Date;
}

/**
 * The order as it was at a moment, rebuilt from its history (oldest line first); undefined before
 * it was created. Of lines at the same millisecond the last counts.
 */
export function orderAsOf<Order extends Changeable>(
  order: Order,
  history: readonly HistoryLine[],
  asOf: Date,
): Order | undefined {
  const then = history.filter(({ createTime }) => createTime <= asOf);
  const last = then.at(-1);
  if (!last) return undefined;
  const shipped = then.some(({ toState }) => toState === 'SHIPPED');
  return {
    ...order,
    state: last.toState,
    failureReason: last.failureReason,
    version: last.version,
    updateTime: last.createTime,
    ...(!shipped && { carrier: null, trackingCode: null }),
  };
}
