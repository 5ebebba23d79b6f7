import { events } from '#gen/events.ts';
import { expireDeadLetters } from '#lib/dead-letters/retention.ts';
import { expireInbox } from '#lib/inbox/retention.ts';
import type { OnStop, ServiceDefinition, ServiceDeps } from '#lib/service/service-definition.ts';
import { tellUsers } from './events/tell-users.ts';
import { expireLog } from './expire-log.ts';
import { type HubTimes, LiveHub } from './live/hub.ts';
import { createLiveTicket } from './rpc/create-live-ticket.ts';
import { listNotifications } from './rpc/list-notifications.ts';
import { markNotificationsRead } from './rpc/mark-notifications-read.ts';
import { subscribe } from './rpc/subscribe.ts';
import { traceChanges } from './rpc/trace-changes.ts';
import { NotificationRow } from './schema/notification.ts';

/** What the parts of Notifications share: the streams that are open on this instance. */
export interface NotificationsDeps extends ServiceDeps {
  hub: LiveHub;
}

export const notifications: ServiceDefinition<NotificationsDeps> = {
  name: 'notifications',
  publishes: false,
  entities: [NotificationRow],
  open: openHub({}),
  callers: {
    gateway: 'all',
    // On behalf of the user whose order's way it tells.
    orders: ['/purser.notifications.v1.LiveService/TraceChanges'],
  },
  rpcs: (deps) => ({
    '/purser.notifications.v1.LiveService/Subscribe': subscribe(deps),
    '/purser.notifications.v1.LiveService/CreateLiveTicket': createLiveTicket(deps),
    '/purser.notifications.v1.LiveService/TraceChanges': traceChanges(deps),
    '/purser.notifications.v1.NotificationService/ListNotifications': listNotifications(deps),
    '/purser.notifications.v1.NotificationService/MarkNotificationsRead':
      markNotificationsRead(deps),
  }),
  consumes(deps) {
    const handle = tellUsers(deps);
    return [
      {
        durable: 'notifications-orders',
        domain: 'orders',
        filterSubject: events['purser.orders.v1.OrderStateChanged'].filterSubject,
        handle,
      },
      {
        durable: 'notifications-payments',
        domain: 'payments',
        filterSubject: 'purser.v1.payments.>',
        handle,
      },
    ];
  },
  jobs: (deps) => [
    ...expireLog(deps),
    expireInbox(deps, { outboxDays: deps.messageDays }),
    expireDeadLetters(deps),
  ],
};

/** The service with other times, for tests that do not want to wait for a heartbeat. */
export function withTimes(times: Partial<HubTimes>): ServiceDefinition<NotificationsDeps> {
  return { ...notifications, open: openHub(times) };
}

function openHub(times: Partial<HubTimes>) {
  return (deps: ServiceDeps, onStop: OnStop): NotificationsDeps => {
    const hub = new LiveHub(deps, times);
    hub.start();
    onStop('live streams', () => hub.stop());
    return { ...deps, hub };
  };
}
