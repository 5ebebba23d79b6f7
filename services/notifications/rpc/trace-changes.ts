import type {
  TraceChangesRequest,
  TraceChangesResponse,
} from '#gen/purser/notifications/v1/live_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { hop } from '#lib/trace/hops.ts';
import type { NotificationsDeps } from '../service.ts';
import { selectPushes } from '../sql/pushes.ts';

/** The log is written in the transaction of the inbox, and so has its time. */
export function traceChanges({
  database,
}: NotificationsDeps): Handler<TraceChangesRequest, TraceChangesResponse> {
  return async ({ eventIds }) => {
    const rows = await database.single((tx) => selectPushes(tx, eventIds));
    const hops = rows.flatMap(({ eventId, logTime, pushTime }) => [
      hop('RECEIVED', 'notifications', { time: logTime, eventId }),
      ...(pushTime ? [hop('PUSHED', 'notifications', { time: pushTime, eventId })] : []),
    ]);
    return { hops };
  };
}
