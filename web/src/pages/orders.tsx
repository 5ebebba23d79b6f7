import { Anchor, Button, Card, NativeSelect, Skeleton, Table, Text } from '@mantine/core';
import { useState } from 'react';
import type { Order } from '#sdk/src/index.ts';
import { Link } from '../navigation/navigation.tsx';
import { orderPath } from '../navigation/route.ts';
import { Empty } from '../parts/empty.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { FilterBar } from '../parts/filter-bar.tsx';
import { filterText, isNarrowed, noFilter } from '../parts/list-filter.ts';
import { PageHeading } from '../parts/page-heading.tsx';
import { Pager, usePaging } from '../parts/pager.tsx';
import { StateBadge } from '../parts/state-badge.tsx';
import { useLoad } from '../session/load.ts';
import { refreshed } from '../session/newest.ts';
import { useRevision, useSeenOrder, useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';

const pageSize = 20;
const newestFirst = 'create_time desc';
const oldestFirst = 'create_time';

/** The user's orders. */
export function OrdersPage() {
  const { t } = useText();
  const session = useSession();
  const revision = useRevision();
  const paging = usePaging();
  const [filter, setFilter] = useState(noFilter);
  const [orderBy, setOrderBy] = useState(newestFirst);
  const pageToken = paging.token;
  const query = { filter: filterText('state', filter), orderBy, pageToken, pageSize };
  const { data, error, isLoading, reload } = useLoad(JSON.stringify(query), revision, (signal) =>
    session.purser.orders.list({ ...query, signal }).page(),
  );
  const isEmpty = data?.items.length === 0;
  return (
    <>
      <PageHeading title={t.orders.title}>
        <NewOrderButton />
      </PageHeading>
      <Card withBorder>
        <FilterBar
          label={t.orders.state}
          choices={t.states}
          filter={filter}
          onChange={(changed) => {
            paging.reset();
            setFilter(changed);
          }}
        >
          <NativeSelect
            label={t.orders.sort}
            value={orderBy}
            data={[
              { value: newestFirst, label: t.orders.newestFirst },
              { value: oldestFirst, label: t.orders.oldestFirst },
            ]}
            onChange={(event) => {
              paging.reset();
              setOrderBy(event.currentTarget.value);
            }}
          />
        </FilterBar>
        {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
        {data === undefined && isLoading && (
          <Skeleton height={240} mt="md" aria-label={t.loading} />
        )}
        {isEmpty && isNarrowed(filter) && <Empty title={t.orders.emptyFiltered} />}
        {isEmpty && !isNarrowed(filter) && (
          <Empty title={t.orders.empty} hint={t.orders.emptyHint}>
            <NewOrderButton />
          </Empty>
        )}
        {data !== undefined && !isEmpty && <OrderTable orders={data.items} />}
        <Pager
          paging={paging}
          nextToken={data?.nextPageToken ?? ''}
          labels={
            orderBy === oldestFirst ? { back: t.nextPage, forward: t.previousPage } : undefined
          }
        />
      </Card>
    </>
  );
}

function NewOrderButton() {
  const { t } = useText();
  return (
    <Button renderRoot={(props) => <Link {...props} href="/orders/new" />}>
      {t.newOrder.open}
    </Button>
  );
}

function OrderTable({ orders }: { orders: readonly Order[] }) {
  const { t } = useText();
  return (
    <Table className="cards-when-narrow" mt="md" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{t.orders.order}</Table.Th>
          <Table.Th>{t.orders.state}</Table.Th>
          <Table.Th>{t.orders.created}</Table.Th>
          <Table.Th ta="right">{t.order.amount}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {orders.map((order) => (
          <OrderRow key={order.name} listed={order} />
        ))}
      </Table.Tbody>
    </Table>
  );
}

function OrderRow({ listed }: { listed: Order }) {
  const { t, format } = useText();
  const order = refreshed(listed, useSeenOrder(listed.name));
  return (
    <Table.Tr>
      <Table.Td data-label={t.orders.order}>
        <Anchor
          inherit
          className="wrap-anywhere"
          renderRoot={(props) => <Link {...props} href={orderPath(order.name)} />}
        >
          {order.description || t.orders.withoutDescription}
        </Anchor>
        {order.lineCount > 0 && (
          <Text size="xs" c="dimmed" component="span">
            {' '}
            {t.orders.lines(order.lineCount)}
          </Text>
        )}
      </Table.Td>
      <Table.Td data-label={t.orders.state}>
        <StateBadge state={order.state} />
      </Table.Td>
      <Table.Td data-label={t.orders.created}>{format.moment(order.createTime)}</Table.Td>
      <Table.Td data-label={t.order.amount} ta="right" className="figures">
        {format.money(order.amount)}
      </Table.Td>
    </Table.Tr>
  );
}
