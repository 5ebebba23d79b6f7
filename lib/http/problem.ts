import { errorCatalogue } from '#gen/errors.ts';
import { problemTitle, problemType } from '#lib/errors/problem-text.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';

/** An error as REST callers see it: RFC 9457. */
export interface Problem {
  status: number;
  headers: Record<string, string>;
  body: string;
}

export const problemContentType = 'application/problem+json';

/**
 * Makes the problem of an error. `path` is the request's path without its query. `status` is given
 * where HTTP has a status of its own for what the catalogue knows under one reason.
 */
export function toProblem(
  error: PurserError,
  request: { id: string; path: string },
  status: number = errorCatalogue[error.reason].httpStatus,
): Problem {
  const headers: Record<string, string> = { 'content-type': problemContentType };
  if (error.retryDelayMs !== undefined) {
    headers['retry-after'] = String(Math.max(1, Math.ceil(error.retryDelayMs / 1000)));
  }
  if (error.reason === 'OPERATOR_KEY_REQUIRED') headers['www-authenticate'] = 'Bearer';
  const hasMetadata = Object.keys(error.metadata).length > 0;
  const body = JSON.stringify({
    type: problemType(error.reason),
    title: problemTitle(error.reason),
    status,
    detail: error.message,
    instance: request.path,
    reason: error.reason,
    requestId: request.id,
    violations: error.violations,
    metadata: hasMetadata ? error.metadata : undefined,
  });
  return { status, headers, body };
}
