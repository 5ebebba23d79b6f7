import * as assert from 'uvu/assert';
import { Notification_Kind } from '#gen/purser/notifications/v1/notification.ts';
import type {
  ListNotificationsResponse,
  MarkNotificationsReadResponse,
} from '#gen/purser/notifications/v1/notification_service.ts';
import { Order_FailureReason } from '#gen/purser/orders/v1/order.ts';
import { eventually, reasonOf } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { accountEvent, newOrder, newUser, openLive, orderEvent, usd } from './live-fixture.ts';

const test = suite('notifications');

const now = new Date('2026-03-04T05:06:07.089Z');
const live = await openLive(() => now);
const service = await live.start();

test.after(() => live.close());

const path = '/purser.notifications.v1.NotificationService';

function list(userId: string, request = {}): Promise<ListNotificationsResponse> {
  const standard = { pageSize: 0, pageToken: '', unreadOnly: false };
  return service.call(`${path}/ListNotifications`, { ...standard, ...request }, userId);
}
function markRead(userId: string, readUntil: Date): Promise<MarkNotificationsReadResponse> {
  return service.call(`${path}/MarkNotificationsRead`, { readUntil }, userId);
}

/** A user who was told of that many top-ups, one after the other. */
async function toppedUp(count: number): Promise<string> {
  const userId = newUser();
  for (let version = 1; version <= count; version += 1) {
    await live.publish(accountEvent(userId, version, version));
    await new Promise((resume) => setTimeout(resume, 2));
  }
  await eventually(
    () => list(userId),
    ({ notifications }) => notifications.length === count,
  );
  return userId;
}

test('what happens to an order is kept to be read, newest first', async () => {
  const userId = newUser();
  const [good, bad] = [newOrder(), newOrder()];
  const told: string[] = [];
  for (const [order, state, version] of [
    [good, 'PENDING', 1],
    [good, 'PAID', 2],
    [bad, 'PENDING', 1],
    [bad, 'FAILED', 2],
  ] as const) {
    // Each at a time of its own, for they are sorted by it.
    const event = orderEvent(userId, order, state, version);
    await live.publish(event);
    told.push(event.eventId);
    await new Promise((resume) => setTimeout(resume, 2));
  }
  const { notifications, unreadCount, nextPageToken } = await eventually(
    () => list(userId),
    (answer) => answer.notifications.length === 2,
  );
  assert.equal([unreadCount, nextPageToken], [2, '']);
  const [failed, paid] = notifications;
  assert.equal(paid, {
    name: `notifications/${told[1]}`,
    kind: Notification_Kind.ORDER_PAID,
    order: good,
    amount: usd(100),
    failureReason: Order_FailureReason.FAILURE_REASON_UNSPECIFIED,
    createTime: paid!.createTime,
    readTime: undefined,
  });
  assert.equal(
    [failed!.kind, failed!.order, failed!.failureReason],
    [Notification_Kind.ORDER_FAILED, bad, Order_FailureReason.INSUFFICIENT_FUNDS],
  );
});

test('a top-up is told with its amount', async () => {
  const userId = await toppedUp(1);
  const { notifications } = await list(userId);
  const [{ kind, order, amount }] = notifications as [(typeof notifications)[0]];
  assert.equal([kind, order, amount], [Notification_Kind.ACCOUNT_TOPPED_UP, '', usd(5)]);
});

test('pages hold everything once, also what is of one millisecond', async () => {
  const userId = await toppedUp(7);
  await live.database.sql(
    'update notifications set create_time = $2 where user_id = $1 and create_time > $3',
    [userId, now, new Date(0)],
  );
  const names: string[] = [];
  let pageToken = '';
  do {
    const page = await list(userId, { pageSize: 3, pageToken });
    assert.ok(page.notifications.length <= 3);
    names.push(...page.notifications.map(({ name }) => name));
    pageToken = page.nextPageToken;
  } while (pageToken !== '');
  assert.is(names.length, 7);
  assert.is(new Set(names).size, 7);
});

test('a page token belongs to its user and its list', async () => {
  const userId = await toppedUp(2);
  const { nextPageToken: pageToken } = await list(userId, { pageSize: 1 });
  assert.ok(pageToken);
  for (const call of [
    list(newUser(), { pageToken }),
    list(userId, { pageToken, unreadOnly: true }),
    list(userId, { pageToken: 'x' }),
  ]) {
    assert.is(await reasonOf(call), 'INVALID_REQUEST');
  }
});

test('marking reads up to a moment, for this user alone, and again changes nothing', async () => {
  const [userId, other] = [await toppedUp(3), await toppedUp(1)];
  const { notifications } = await list(userId);
  const moment = notifications[1]!.createTime!;
  assert.is((await markRead(userId, moment)).unreadCount, 1);
  assert.is((await markRead(userId, moment)).unreadCount, 1);
  const after = await list(userId);
  assert.equal(
    after.notifications.map(({ readTime }) => readTime),
    [undefined, now, now],
  );
  const unread = await list(userId, { unreadOnly: true });
  assert.equal(
    unread.notifications.map(({ name }) => name),
    [notifications[0]!.name],
  );
  assert.is((await list(other)).unreadCount, 1);
});

test('marks that meet do not stand in each other’s way', async () => {
  const userId = await toppedUp(5);
  const moments = Array.from({ length: 20 }, () => new Date());
  const answers = await Promise.all(moments.map((moment) => markRead(userId, moment)));
  assert.is(answers.at(-1)?.unreadCount, 0);
});

test.run();
