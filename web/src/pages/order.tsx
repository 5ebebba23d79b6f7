import { Alert, Anchor, Card, Code, Group, Skeleton, Table, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { PurserError } from '#sdk/src/purser-error.ts';
import type { Order } from '#sdk/src/index.ts';
import { Link } from '../navigation/navigation.tsx';
import { idOf, shortId } from '../navigation/route.ts';
import { Empty } from '../parts/empty.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useLoad } from '../session/load.ts';
import { refreshed } from '../session/newest.ts';
import { useSeenOrder, useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';
import { CancelOrder } from './cancel-order.tsx';
import { MessagePath } from './message-path.tsx';
import { OrderStanding } from './order-standing.tsx';
import { OrderTimeline } from './order-timeline.tsx';

/** One order, and everything that is known about it. */
export function OrderPage({ name }: { name: string }) {
  const { t } = useText();
  const session = useSession();
  const seen = useSeenOrder(name);
  const version = Number(seen?.version ?? 0n);
  const { data, error, isLoading, reload } = useLoad(name, version, async (signal) => {
    const order = await session.purser.orders.get(name, { signal });
    session.learn({ orders: [order] });
    return order;
  });
  const isMissing = error instanceof PurserError && error.is('ORDER_NOT_FOUND');
  return (
    <>
      <PageHeading title={t.order.title(`…${shortId(name)}`)}>
        <Anchor inherit renderRoot={(props) => <Link {...props} href="/orders" />}>
          {t.order.allOrders}
        </Anchor>
      </PageHeading>
      {isMissing && <Empty title={t.order.notFound} hint={t.order.notFoundHint} />}
      {error !== undefined && !isMissing && <ErrorPanel error={error} onRetry={reload} />}
      {data === undefined && isLoading && <Skeleton height={200} aria-label={t.loading} />}
      {data !== undefined && <OrderContent order={refreshed(data, seen)} onReload={reload} />}
    </>
  );
}

function OrderContent({ order, onReload }: { order: Order; onReload(): void }) {
  const { t, format } = useText();
  const [notice, setNotice] = useState<string>();
  return (
    <>
      {notice !== undefined && (
        <Alert
          role="alert"
          mb="md"
          withCloseButton
          onClose={() => setNotice(undefined)}
          closeButtonLabel={t.close}
        >
          {notice}
        </Alert>
      )}
      <div className="two-columns">
        <Card withBorder component="section" aria-label={t.order.title(`…${shortId(order.name)}`)}>
          <Group justify="space-between" align="start">
            <Text className="balance">{format.money(order.amount)}</Text>
            <div role="status">
              <StateBadge state={order.state} />
            </div>
          </Group>
          {order.failureReason !== undefined && (
            <Text mt="xs" data-testid="failure">
              {t.failures[order.failureReason] ?? order.failureReason}
            </Text>
          )}
          <Text mt="xs" className="wrap-anywhere">
            {order.description || t.orders.withoutDescription}
          </Text>
          <Facts order={order} />
          {order.allowedActions.includes('CANCEL') && (
            <CancelOrder order={order} onNotice={setNotice} onReload={onReload} />
          )}
        </Card>
        <OrderStanding order={order} />
      </div>
      {order.lines.length > 0 && <Lines order={order} />}
      <div className="two-columns below">
        <OrderTimeline order={order} />
        <MessagePath order={order} />
      </div>
    </>
  );
}

function Facts({ order }: { order: Order }) {
  const { t, format } = useText();
  const { recipient, shipment } = order;
  const facts: [string, string | undefined][] = [
    [t.order.placed, format.moment(order.createTime)],
    [t.order.changed, format.moment(order.updateTime)],
    [t.order.version, format.number(Number(order.version))],
    [
      t.order.recipient,
      recipient && [recipient.name, recipient.address, recipient.phoneNumber].join(' ').trim(),
    ],
    [t.order.shipment, shipment && `${shipment.carrier} ${shipment.trackingCode}`],
  ];
  return (
    <dl className="facts">
      <div>
        <dt>{t.order.number}</dt>
        <dd>
          <Code className="wrap-anywhere">{idOf(order.name)}</Code>
        </dd>
      </div>
      {facts.map(
        ([label, value]) =>
          value !== undefined && (
            <div key={label}>
              <dt>{label}</dt>
              <dd className="wrap-anywhere">{value}</dd>
            </div>
          ),
      )}
    </dl>
  );
}

function Lines({ order }: { order: Order }) {
  const { t, format } = useText();
  return (
    <Card withBorder mt="md" component="section" aria-labelledby="lines">
      <Title order={2} size="h4" id="lines">
        {t.order.linesTitle}
      </Title>
      <Table className="cards-when-narrow" mt="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.newOrder.lineTitle}</Table.Th>
            <Table.Th ta="right">{t.newOrder.quantity}</Table.Th>
            <Table.Th ta="right">{t.newOrder.unitAmount}</Table.Th>
            <Table.Th ta="right">{t.order.amount}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {order.lines.map((line, index) => (
            // Lines never change and have no identity but their place.
            <Table.Tr key={index}>
              <Table.Td data-label={t.newOrder.lineTitle} className="wrap-anywhere">
                {line.title}
              </Table.Td>
              <Table.Td data-label={t.newOrder.quantity} ta="right" className="figures">
                {format.number(line.quantity)}
              </Table.Td>
              <Table.Td data-label={t.newOrder.unitAmount} ta="right" className="figures">
                {format.money(line.unitAmount)}
              </Table.Td>
              <Table.Td data-label={t.order.amount} ta="right" className="figures">
                {format.money(line.amount)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Card>
  );
}
