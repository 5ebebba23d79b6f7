import type { Audit } from '#gen/purser/operations/v1/audit.ts';
import type { GetAuditRequest } from '#gen/purser/operations/v1/operations_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Auditor } from '../audit/auditor.ts';

export function getAudit(auditor: Auditor): Handler<GetAuditRequest, Audit> {
  return async () => auditor.state;
}
