import type { Audit } from '#gen/purser/operations/v1/audit.ts';
import type { RunAuditRequest } from '#gen/purser/operations/v1/operations_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Auditor } from '../audit/auditor.ts';

/** An audit may take minutes: the caller gets the progress, and asks for the rest. */
export function runAudit(auditor: Auditor): Handler<RunAuditRequest, Audit> {
  return async () => {
    void auditor.run();
    return auditor.state;
  };
}
