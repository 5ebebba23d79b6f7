import type { Parse } from './parse-value.ts';

export type ProcessName =
  | 'start'
  | 'orders'
  | 'orders-migrate'
  | 'payments'
  | 'payments-migrate'
  | 'notifications'
  | 'notifications-migrate'
  | 'operations'
  | 'gateway'
  | 'web';

export interface Variable<T = unknown, P extends ProcessName = ProcessName> {
  parse: Parse<T>;
  /** Text that stands in when the variable is unset or empty; undefined when it must be set. */
  default: string | undefined;
  /** For the documentation; one sentence. */
  description: string;
  /** Which processes read it; `start` is the launcher behind `npm start`. */
  readBy: readonly P[];
  /** Its value is never printed. */
  secret?: boolean;
  /** Production refuses to start with anything but its default. */
  drillsOnly?: boolean;
}

/** The declaration as it is, with the type of its value kept. */
export function variable<T, const P extends ProcessName>(declared: Variable<T, P>): Variable<T, P> {
  return declared;
}
