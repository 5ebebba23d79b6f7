// The public entry of @purser/sdk: all that programs import, and nothing that only its tests need.
export type * from '../../gen/sdk/clients.ts';
export type { ReasonMetadata, ServiceReason } from '../../gen/sdk/reasons.ts';
export type * from '../../gen/sdk/types.ts';
export type { CallerOptions, CallOptions, KeyedCallOptions } from './caller.ts';
export type { FetchAnswer, FetchLike, FetchTransportOptions } from './fetch-transport.ts';
export type { Hooks, RequestEvent, ResponseEvent, RetryEvent } from './hooks.ts';
export {
  addMoney,
  compareMoney,
  decimalsOf,
  decimalText,
  eur,
  formatMoney,
  money,
  subtractMoney,
  usd,
} from './money.ts';
export type { CreateAndWaitOptions, OrderOutcome, Orders } from './orders.ts';
export type { Page, Pages } from './pages.ts';
export { PurserError } from './purser-error.ts';
export type { ClientReason, FieldViolation, PurserErrorDetails, Reason } from './purser-error.ts';
export { Purser } from './purser.ts';
export type { PurserOptions } from './purser.ts';
export { pollingSource } from './watch-order.ts';
export type { FollowContext, OrderSource, PollingOptions } from './watch-order.ts';
