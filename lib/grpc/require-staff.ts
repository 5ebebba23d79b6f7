import { PurserError } from '#lib/errors/purser-error.ts';
import type { CallContext } from './unary-call.ts';

/** Throws PERMISSION_DENIED unless the caller has the role staff. */
export function requireStaff({ isStaff }: CallContext): void {
  if (!isStaff) throw new PurserError('PERMISSION_DENIED');
}
