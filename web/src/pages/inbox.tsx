import { Anchor, Button, Card, Skeleton, Text, Title } from '@mantine/core';
import { useState } from 'react';
import type { Notification as InboxItem } from '#sdk/src/index.ts';
import { Link } from '../navigation/navigation.tsx';
import { orderPath } from '../navigation/route.ts';
import { Empty } from '../parts/empty.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { Pager } from '../parts/pager.tsx';
import { useInbox, useUnreadCount } from '../session/inbox.ts';
import { useText } from '../text/text-context.tsx';
import { notificationPermission } from '../toasts/browser-notification.ts';

/** What the user may want to read about, kept by the notifications service. */
export function InboxPage() {
  const { t } = useText();
  const { items, nextPageToken, error, paging, reload, markRead } = useInbox();
  const unread = useUnreadCount();
  return (
    <>
      <PageHeading title={t.inbox.title}>
        {unread > 0 && (
          <Button variant="default" onClick={() => void markRead()}>
            {t.inbox.markRead}
          </Button>
        )}
      </PageHeading>
      <Card withBorder>
        {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
        {items === undefined && error === undefined && (
          <Skeleton height={160} aria-label={t.loading} />
        )}
        {items !== undefined && (
          <>
            <Text role="status" size="sm" c="dimmed">
              {t.inbox.unread(unread)}
            </Text>
            {items.length === 0 && <Empty title={t.inbox.empty} />}
            <ul className="inbox">
              {items.map((item) => (
                <Item key={item.name} item={item} />
              ))}
            </ul>
            <Pager paging={paging} nextToken={nextPageToken} />
          </>
        )}
      </Card>
      <BrowserNotifications />
    </>
  );
}

function Item({ item }: { item: InboxItem }) {
  const { t, format } = useText();
  const say = t.inbox.kinds[item.kind];
  if (say === undefined) return null;
  const title = say(format.money(item.amount));
  const isUnread = item.readTime === undefined;
  return (
    <li data-unread={isUnread || undefined}>
      {isUnread && <span className="visually-hidden">{t.inbox.isNew}: </span>}
      {item.order === '' ? (
        <Text component="span">{title}</Text>
      ) : (
        <Anchor inherit renderRoot={(props) => <Link {...props} href={orderPath(item.order)} />}>
          {title}
        </Anchor>
      )}
      {item.failureReason !== undefined && (
        <Text size="sm">{t.failures[item.failureReason] ?? item.failureReason}</Text>
      )}
      <Text size="sm" c="dimmed">
        {format.moment(item.createTime)}
      </Text>
    </li>
  );
}

/** Asks the browser only when the user has asked for it. */
function BrowserNotifications() {
  const { t } = useText();
  const [permission, setPermission] = useState(notificationPermission);
  const texts = {
    granted: t.inbox.allowed,
    denied: t.inbox.denied,
    default: t.inbox.browserText,
  };
  return (
    <Card withBorder mt="md" component="section" aria-labelledby="browser-notifications">
      <Title order={2} size="h4" id="browser-notifications">
        {t.inbox.browserTitle}
      </Title>
      <Text size="sm" my="xs">
        {permission === undefined ? t.inbox.unsupported : texts[permission]}
      </Text>
      {permission === 'default' && (
        <div>
          <Button
            variant="default"
            onClick={() => void Notification.requestPermission().then(setPermission)}
          >
            {t.inbox.allow}
          </Button>
        </div>
      )}
    </Card>
  );
}
