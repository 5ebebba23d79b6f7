import type {
  MarkNotificationsReadRequest,
  MarkNotificationsReadResponse,
} from '#gen/purser/notifications/v1/notification_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { NotificationsDeps } from '../service.ts';
import { countUnread, markRead } from '../sql/mark-read.ts';

export function markNotificationsRead({
  database,
  clock,
}: NotificationsDeps): Handler<MarkNotificationsReadRequest, MarkNotificationsReadResponse> {
  return async ({ readUntil }, { userId }) => {
    const unreadCount = await database.transaction(async (tx) => {
      await markRead(tx, { userId, until: readUntil!, now: clock() });
      return countUnread(tx, userId);
    });
    return { unreadCount };
  };
}
