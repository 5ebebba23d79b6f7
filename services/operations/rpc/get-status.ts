import type { GetStatusRequest } from '#gen/purser/operations/v1/operations_service.ts';
import type { SystemStatus } from '#gen/purser/operations/v1/system_status.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Sampler } from '../status/sampler.ts';

export function getStatus(sampler: Sampler): Handler<GetStatusRequest, SystemStatus> {
  return () => sampler.status();
}
