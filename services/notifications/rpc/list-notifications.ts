import type { Notification } from '#gen/purser/notifications/v1/notification.ts';
import type {
  ListNotificationsRequest,
  ListNotificationsResponse,
} from '#gen/purser/notifications/v1/notification_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import { NotificationRow } from '../schema/notification.ts';
import type { NotificationsDeps } from '../service.ts';
import { countUnread } from '../sql/mark-read.ts';

/** Newest first by time, and by id among those of one millisecond. */
export function listNotifications({
  database,
}: NotificationsDeps): Handler<ListNotificationsRequest, ListNotificationsResponse> {
  return async (request, { userId, signal }) => {
    const { unreadOnly } = request;
    const scope = ['ListNotifications', userId, String(unreadOnly)];
    const key = readPageToken(request.pageToken, scope, isKey);
    const size = pageSize(request.pageSize);
    const unread = unreadOnly ? { readTime: null } : {};
    const rows = await database
      .reader(signal)
      .find(
        NotificationRow,
        { $and: [{ userId }, unread, key === undefined ? {} : olderThan(key)] },
        { orderBy: { createTime: 'desc', eventId: 'desc' }, limit: size + 1 },
      );
    // After the page: it counts everything that the page shows.
    const unreadCount = await database.single((tx) => countUnread(tx, userId));
    const { page, lastKey } = takePage(rows, size, keyOf);
    return {
      notifications: page.map(notificationMessage),
      nextPageToken: lastKey ? writePageToken(lastKey, scope) : '',
      unreadCount,
    };
  };
}

function keyOf({ createTime, eventId }: NotificationRow): string {
  return `${createTime.getTime()} ${eventId}`;
}

function isKey(key: string): boolean {
  return /^\d{1,15} [0-9a-f-]{36}$/.test(key);
}

function olderThan(key: string) {
  const [time, eventId] = key.split(' ') as [string, string];
  const createTime = new Date(Number(time));
  return { $or: [{ createTime: { $lt: createTime } }, { createTime, eventId: { $lt: eventId } }] };
}

function notificationMessage(row: NotificationRow): Notification {
  const { currencyCode, amountMinor } = row;
  return {
    name: `notifications/${row.eventId}`,
    kind: row.kind as Notification['kind'],
    order: row.orderId ? orderName(row.orderId) : '',
    amount: { currencyCode, amountMinor },
    failureReason: row.failureReason as Notification['failureReason'],
    createTime: row.createTime,
    readTime: row.readTime ?? undefined,
  };
}
