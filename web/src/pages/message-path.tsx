import { Alert, Card, Skeleton, Text, Title } from '@mantine/core';
import { useEffect } from 'react';
import type { Order } from '#sdk/src/index.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useLoad } from '../session/load.ts';
import { useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';
import { timedHops, totalMs } from './hops.ts';
import type { TimedHop } from './hops.ts';

/** After a change its messages are still on their way; a little later the last of them has come. */
const settledMs = 2_000;

/** The way of the order's messages through the system, with the time from hop to hop. */
export function MessagePath({ order }: { order: Order }) {
  const { t, format } = useText();
  const session = useSession();
  const { version } = order;
  const { data, error, reload } = useLoad(order.name, Number(version), (signal) =>
    session.purser.orders.trace(order.name, { signal }),
  );
  useEffect(() => {
    // Of an old order nothing is on its way.
    if (Date.now() - order.updateTime.getTime() > 10 * settledMs) return undefined;
    const timer = setTimeout(reload, settledMs);
    return () => clearTimeout(timer);
  }, [order.updateTime, reload]);
  return (
    <Card withBorder component="section" aria-labelledby="path">
      <Title order={2} size="h4" id="path">
        {t.order.path}
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        {t.order.pathHint}
        {data !== undefined && ` ${t.order.pathTotal(format.duration(totalMs(data.hops)))}`}
      </Text>
      {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
      {data === undefined && error === undefined && (
        <Skeleton height={120} aria-label={t.loading} />
      )}
      {data?.paymentsAnswered === false && (
        <Alert color="orange" variant="outline" mb="sm">
          {t.order.pathIncomplete}
        </Alert>
      )}
      {data?.notificationsAnswered === false && (
        <Alert color="orange" variant="outline" mb="sm">
          {t.order.pathWithoutPush}
        </Alert>
      )}
      <ol className="timeline">
        {data && timedHops(data.hops).map((timed, index) => <HopItem key={index} timed={timed} />)}
      </ol>
    </Card>
  );
}

function HopItem({ timed: { hop, afterMs, subject } }: { timed: TimedHop }) {
  const { t, format } = useText();
  const { kind, service, time } = hop;
  const kinds = { ...t.order.paymentStates, ...t.wallet.kinds, ...t.states };
  return (
    <li data-hop={kind}>
      <Text component="span">{t.order.hops[kind] ?? kind}</Text>{' '}
      <Text component="span" fw={600} className="wrap-anywhere">
        {kinds[subject] ?? subject}
      </Text>
      <Text size="sm" c="dimmed">
        {t.order.services[service] ?? service} ·{' '}
        <time dateTime={time.toISOString()}>{format.exactly(time)}</time>
        {afterMs !== undefined && ` · ${t.order.later(format.duration(afterMs))}`}
      </Text>
    </li>
  );
}
