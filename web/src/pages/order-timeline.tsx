import { Card, Skeleton, Text, Title } from '@mantine/core';
import type { Order, OrderEvent } from '#sdk/src/index.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useLoad } from '../session/load.ts';
import { useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';

/** Most changes that an order can have are fewer. */
const pageSize = 100;

/** Every change of the order, oldest first. */
export function OrderTimeline({ order }: { order: Order }) {
  const { t } = useText();
  const session = useSession();
  const { data, error, reload } = useLoad(order.name, Number(order.version), async (signal) => {
    const page = await session.purser.orders.listEvents(order.name, { pageSize, signal }).page();
    return page.items;
  });
  return (
    <Card withBorder component="section" aria-labelledby="timeline">
      <Title order={2} size="h4" id="timeline" mb="sm">
        {t.order.timeline}
      </Title>
      {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
      {data === undefined && error === undefined && (
        <Skeleton height={120} aria-label={t.loading} />
      )}
      {data !== undefined && (
        <ol className="timeline" aria-live="polite">
          {data.map((event) => (
            <TimelineEvent key={event.eventId} event={event} />
          ))}
        </ol>
      )}
    </Card>
  );
}

function TimelineEvent({ event }: { event: OrderEvent }) {
  const { t, format } = useText();
  const { state, actor, reason, failureReason, createTime } = event;
  return (
    <li data-state={state}>
      <Text fw={600} component="span">
        {t.states[state] ?? state}
      </Text>{' '}
      <Text size="sm" c="dimmed" component="span">
        {t.order.actors[actor] ?? actor}
      </Text>
      {failureReason !== undefined && (
        <Text size="sm">{t.failures[failureReason] ?? failureReason}</Text>
      )}
      {reason !== '' && (
        <Text size="sm" className="wrap-anywhere">
          {t.order.reason(reason)}
        </Text>
      )}
      <Text size="sm" c="dimmed">
        <time dateTime={createTime.toISOString()}>{format.exactly(createTime)}</time>
      </Text>
    </li>
  );
}
