/**
 * SQLSTATEs after which the same work may succeed: lost connection, shutdown or start-up, crowding,
 * time-outs, conflicts.
 */
const transientStates = new Set([
  '40001', // serialization_failure
  '40P01', // deadlock_detected
  '55P03', // lock_not_available: lock_timeout
  '57014', // query_canceled: statement_timeout
  '57P01', // admin_shutdown
  '57P02', // crash_shutdown
  '57P03', // cannot_connect_now: the database system is starting up
  '57P05', // idle_session_timeout
  '53100', // disk_full
  '53200', // out_of_memory
  '53300', // too_many_connections
  '53400', // configuration_limit_exceeded
  '25P03', // idle_in_transaction_session_timeout
  '25P04', // transaction_timeout
]);

/** SQLSTATEs that mean "another transaction was in the way": worth an immediate second try. */
const conflictStates = new Set(['40001', '40P01']);

const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
]);

/** pg reports these without a code. */
const networkMessages =
  /^(Connection terminated|timeout e|Query read|Client (has encountered a connection|was closed))/;

/**
 * A failure that two writers caused together; thrown by `sql/` functions whose guard did not hold.
 */
export class ConflictError extends Error {
  override name = 'ConflictError';
}

/**
 * The connection failed before the server's answer was there. The work may be done or not; if it
 * was a commit, it may be committed. Whatever the network called it is in `cause`.
 */
export class ConnectionLostError extends Error {
  override name = 'ConnectionLostError';
}

/** Whether the error is the server's own answer, not a connection that failed. */
export function isServerError(error: unknown): boolean {
  return error instanceof Error && 'severity' in error;
}

/**
 * Whether the same work may succeed when it is tried again later. True for a lost or refused
 * connection, a database that starts or stops, time-outs, full pools and conflicts. The work may
 * have been committed all the same (the answer to COMMIT can get lost): repeat only what is
 * idempotent. False for `ConflictError`: a guard that fails again on fresh rows is a fault, not a
 * coincidence, and trying for ever would hold up the work behind it.
 */
export function isTransient(error: unknown): boolean {
  return causes(error).some((cause) => {
    const code = codeOf(cause) ?? '';
    return (
      cause instanceof ConnectionLostError ||
      transientStates.has(code) ||
      code.startsWith('08') ||
      networkCodes.has(code) ||
      networkMessages.test(cause.message)
    );
  });
}

/**
 * Whether the fault lies in the work itself, so that it fails again wherever and whenever it is
 * tried: an error that our own code threw, or data that the database refuses (SQLSTATE classes 22
 * and 23). A missing column, a missing right or a read-only server is not that: somebody will mend
 * it.
 */
export function isPermanent(error: unknown): boolean {
  if (isTransient(error) || isConflict(error)) return false;
  return causes(error)
    .filter(isServerError)
    .every((cause) => /^2[23]/.test(codeOf(cause) ?? ''));
}

/**
 * Whether two transactions were in each other's way, so that an immediate second try is worth it.
 */
export function isConflict(error: unknown): boolean {
  return causes(error).some(
    (cause) => cause instanceof ConflictError || conflictStates.has(codeOf(cause) ?? ''),
  );
}

/**
 * Name of the violated constraint, or undefined when `error` is no integrity violation (SQLSTATE
 * class 23).
 */
export function violatedConstraint(error: unknown): string | undefined {
  const violation = causes(error).find((cause) => codeOf(cause)?.startsWith('23'));
  return (violation as { constraint?: string } | undefined)?.constraint;
}

function codeOf(error: Error): string | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'string' ? code : undefined;
}

/**
 * The error and what caused it, at most five deep: MikroORM wraps pg's errors, pools wrap the
 * network's.
 */
function causes(error: unknown): Error[] {
  const chain: Error[] = [];
  for (let cause = error; cause instanceof Error && chain.length < 5; cause = cause.cause) {
    chain.push(cause);
    if (cause instanceof AggregateError)
      chain.push(...cause.errors.filter((inner) => inner instanceof Error));
  }
  return chain;
}
