import {
  Anchor,
  Button,
  Card,
  Group,
  NativeSelect,
  Skeleton,
  Stack,
  Table,
  Text,
  Title,
} from '@mantine/core';
import { useState } from 'react';
import type { FormEvent } from 'react';
import type { Entry, ListEntriesResponse, Money, Page } from '#sdk/src/index.ts';
import { Link } from '../navigation/navigation.tsx';
import { orderPath, shortId } from '../navigation/route.ts';
import { AmountField } from '../parts/amount-field.tsx';
import { BalanceChart } from '../parts/balance-chart.tsx';
import { currencies } from '../parts/currencies.ts';
import { Empty } from '../parts/empty.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { FilterBar } from '../parts/filter-bar.tsx';
import { filterText, isNarrowed, noFilter } from '../parts/list-filter.ts';
import { PageHeading } from '../parts/page-heading.tsx';
import { Pager, usePaging } from '../parts/pager.tsx';
import { useAccount } from '../session/account.ts';
import { useLoad } from '../session/load.ts';
import { useSeenAccount, useSession } from '../session/session-context.tsx';
import { readAmount } from '../text/read-amount.ts';
import { useText } from '../text/text-context.tsx';
import { useToasts } from '../toasts/toasts.tsx';

const pageSize = 20;

/** What the user has, how it came about, and how to add to it. */
export function WalletPage() {
  const { t } = useText();
  const account = useAccount();
  if (account.isAbsent) {
    return (
      <>
        <PageHeading title={t.wallet.title} />
        <OpenWallet />
      </>
    );
  }
  return (
    <>
      <PageHeading title={t.wallet.title} />
      {account.error !== undefined && account.balance === undefined && (
        <ErrorPanel error={account.error} onRetry={account.reload} />
      )}
      <div className="two-columns">
        <Card withBorder component="section" aria-labelledby="balance">
          <Title order={2} size="h5" id="balance" c="dimmed">
            {t.wallet.balance}
          </Title>
          {account.balance === undefined ? (
            <Skeleton height={44} mt="xs" aria-label={t.loading} />
          ) : (
            <Balance balance={account.balance} />
          )}
        </Card>
        <TopUp currencyCode={account.balance?.currencyCode} />
      </div>
      <Statement />
    </>
  );
}

function Balance({ balance }: { balance: Money }) {
  const { format } = useText();
  return (
    <Text className="balance" data-testid="balance">
      {format.money(balance)}
    </Text>
  );
}

function OpenWallet() {
  const { t } = useText();
  const session = useSession();
  const toasts = useToasts();
  const [currencyCode, setCurrencyCode] = useState('USD');
  const [error, setError] = useState<unknown>();
  const [isBusy, setIsBusy] = useState(false);
  async function open(): Promise<void> {
    setIsBusy(true);
    setError(undefined);
    try {
      session.note({ account: await session.purser.account.create({ currencyCode }) });
      toasts.add({ tone: 'good', title: t.wallet.opened });
    } catch (thrown) {
      setError(thrown);
      setIsBusy(false);
    }
  }
  return (
    <Card withBorder>
      <Empty title={t.wallet.none} hint={t.wallet.noneHint}>
        <NativeSelect
          label={t.users.currency}
          data={[...currencies]}
          value={currencyCode}
          onChange={(event) => setCurrencyCode(event.currentTarget.value)}
        />
        <Button loading={isBusy} onClick={() => void open()}>
          {t.wallet.openWallet}
        </Button>
      </Empty>
      {error !== undefined && <ErrorPanel error={error} />}
    </Card>
  );
}

function TopUp({ currencyCode }: { currencyCode: string | undefined }) {
  const { t } = useText();
  const session = useSession();
  const [text, setText] = useState('');
  const [isChecked, setIsChecked] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  async function add(event: FormEvent): Promise<void> {
    event.preventDefault();
    if (currencyCode === undefined) return;
    const { amount } = readAmount(text, currencyCode);
    setIsChecked(amount === undefined);
    setError(undefined);
    if (amount === undefined) return;
    setIsBusy(true);
    try {
      session.note({ account: await session.purser.account.topUp({ amount }) });
      setText('');
    } catch (thrown) {
      setError(thrown);
    } finally {
      setIsBusy(false);
    }
  }
  return (
    <Card withBorder component="section" aria-labelledby="top-up">
      <Title order={2} size="h5" id="top-up" mb="xs" c="dimmed">
        {t.wallet.topUp}
      </Title>
      <form onSubmit={(event) => void add(event)} noValidate>
        <Group align="end" gap="sm">
          <AmountField
            label={t.wallet.amount}
            value={text}
            onChange={setText}
            currencyCode={currencyCode ?? 'USD'}
            isChecked={isChecked}
            disabled={currencyCode === undefined}
            className="grow"
            required
          />
          <Button type="submit" loading={isBusy} disabled={currencyCode === undefined}>
            {t.wallet.add}
          </Button>
        </Group>
        {error !== undefined && (
          <Stack mt="sm">
            <ErrorPanel error={error} />
          </Stack>
        )}
      </form>
    </Card>
  );
}

function Statement() {
  const { t } = useText();
  const session = useSession();
  const paging = usePaging();
  const [filter, setFilter] = useState(noFilter);
  const version = Number(useSeenAccount()?.ledgerVersion ?? 0n);
  const query = { filter: filterText('kind', filter), pageToken: paging.token, pageSize };
  const entries = useLoad(JSON.stringify(query), version, (signal) =>
    session.purser.account.listEntries({ ...query, signal }).page(),
  );
  return (
    <Card withBorder mt="md" component="section" aria-labelledby="statement">
      <Title order={2} size="h4" id="statement" mb="sm">
        {t.wallet.statement}
      </Title>
      <FilterBar
        label={t.wallet.kind}
        choices={t.wallet.kinds}
        filter={filter}
        onChange={(changed) => {
          paging.reset();
          setFilter(changed);
        }}
      />
      {entries.error !== undefined && <ErrorPanel error={entries.error} onRetry={entries.reload} />}
      {entries.data === undefined && entries.isLoading && (
        <Skeleton height={160} mt="md" aria-label={t.loading} />
      )}
      {entries.data !== undefined && (
        <Entries page={entries.data} isNarrowed={isNarrowed(filter)} />
      )}
      <Pager paging={paging} nextToken={entries.data?.nextPageToken ?? ''} />
      {entries.data !== undefined && entries.data.items.length > 0 && (
        <Text size="xs" c="dimmed" mt="sm">
          {t.wallet.entries(entries.data.items.length)}
        </Text>
      )}
    </Card>
  );
}

interface EntriesProps {
  page: Page<Entry, ListEntriesResponse>;
  isNarrowed: boolean;
}

function Entries({ page, isNarrowed: narrowed }: EntriesProps) {
  const { t, format } = useText();
  if (page.items.length === 0) {
    return <Empty title={narrowed ? t.wallet.emptyFiltered : t.wallet.empty} />;
  }
  return (
    <>
      {!narrowed && <BalanceChart entries={page.items} />}
      <Table className="cards-when-narrow" mt="md">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.wallet.time}</Table.Th>
            <Table.Th>{t.wallet.kind}</Table.Th>
            <Table.Th ta="right">{t.wallet.change}</Table.Th>
            <Table.Th ta="right">{t.wallet.after}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {page.items.map((entry) => (
            <Table.Tr key={String(entry.ledgerVersion)} data-kind={entry.kind}>
              <Table.Td data-label={t.wallet.time}>{format.moment(entry.createTime)}</Table.Td>
              <Table.Td data-label={t.wallet.kind}>
                {t.wallet.kinds[entry.kind] ?? entry.kind}{' '}
                {entry.order !== '' && (
                  <Anchor
                    inherit
                    renderRoot={(props) => <Link {...props} href={orderPath(entry.order)} />}
                  >
                    …{shortId(entry.order)}
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td data-label={t.wallet.change} ta="right" className="figures">
                {format.change(entry.amount)}
              </Table.Td>
              <Table.Td data-label={t.wallet.after} ta="right" className="figures">
                {format.money(entry.balanceAfter)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </>
  );
}
