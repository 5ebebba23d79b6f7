import { Button, Group, NativeSelect, Skeleton, Switch, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { OperationsClient } from '#gen/sdk/operator/clients.ts';
import type { DeadLetter } from '#gen/sdk/operator/types.ts';
import { Empty } from '../parts/empty.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { Pager, usePaging } from '../parts/pager.tsx';
import { useText } from '../text/text-context.tsx';
import { LetterItem } from './letter-item.tsx';
import { useOperatorText } from './operator-text.ts';
import { ReplayLetters } from './replay-letters.tsx';
import { Section } from './section.tsx';
import { usePolled } from './use-polled.ts';

const pageSize = 20;
const lookEveryMs = 10_000;

export interface LetterFilter {
  service: string;
  cause: string;
  showResolved: boolean;
}

const noFilter: LetterFilter = { service: '', cause: '', showResolved: false };

/** Messages that were given up, and what to do about them. */
export function LettersSection({ client }: { client: OperationsClient }) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [filter, setFilter] = useState(noFilter);
  const [notices, setNotices] = useState<readonly string[]>([]);
  const paging = usePaging();
  const asked = { ...filter, pageToken: paging.token };
  const { data, error, reload } = usePolled(JSON.stringify(asked), lookEveryMs, (signal) =>
    client.listDeadLetters({ ...asked, pageSize, signal }).page(),
  );
  const done = (told: readonly string[]) => {
    setNotices(told);
    reload();
  };
  const change = (next: LetterFilter) => {
    paging.reset();
    setNotices([]);
    setFilter(next);
  };
  const waiting = data?.items.filter(({ resolution }) => resolution === undefined) ?? [];
  const isFiltered = filter.service !== '' || filter.cause !== '';
  return (
    <Section id="dead-letters" title={o.letters.title}>
      <Text size="sm" c="dimmed">
        {o.letters.lead}
      </Text>
      <LetterFilterBar filter={filter} onChange={change} />
      <div role="status">
        {notices.map((notice) => (
          <Text key={notice} size="sm">
            {notice}
          </Text>
        ))}
      </div>
      {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
      {data === undefined && error === undefined && (
        <Skeleton height={100} aria-label={t.loading} />
      )}
      {data?.items.length === 0 && (
        <Empty title={isFiltered ? o.letters.emptyFiltered : o.letters.empty} />
      )}
      {data !== undefined && data.items.length > 0 && (
        <LetterList letters={data.items} client={client} onDone={done} />
      )}
      {waiting.length > 1 && (
        <Group mt="sm">
          <ReplayLetters
            label={o.letters.replayAll(waiting.length)}
            letters={waiting}
            client={client}
            onDone={done}
          />
        </Group>
      )}
      {data !== undefined && <Pager paging={paging} nextToken={data.nextPageToken} />}
    </Section>
  );
}

interface LetterListProps {
  letters: readonly DeadLetter[];
  client: OperationsClient;
  onDone(notices: readonly string[]): void;
}

function LetterList({ letters, client, onDone }: LetterListProps) {
  return (
    <ul className="plain-list letters">
      {letters.map((letter) => (
        <LetterItem key={letter.name} letter={letter} client={client} onDone={onDone} />
      ))}
    </ul>
  );
}

interface LetterFilterBarProps {
  filter: LetterFilter;
  onChange(filter: LetterFilter): void;
}

function LetterFilterBar({ filter, onChange }: LetterFilterBarProps) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [cause, setCause] = useState(filter.cause);
  const services = ['orders', 'payments', 'notifications'].map((value) => ({
    value,
    label: t.operations.parts[value] ?? value,
  }));
  return (
    <form
      className="letter-filter"
      onSubmit={(event) => {
        event.preventDefault();
        onChange({ ...filter, cause });
      }}
    >
      <NativeSelect
        label={o.letters.service}
        value={filter.service}
        data={[{ value: '', label: t.all }, ...services]}
        onChange={({ currentTarget: { value } }) => onChange({ ...filter, cause, service: value })}
      />
      <TextInput
        label={o.letters.cause}
        value={cause}
        maxLength={256}
        onChange={(event) => setCause(event.currentTarget.value)}
      />
      <Button type="submit" variant="default">
        {o.letters.search}
      </Button>
      <Switch
        label={o.letters.showResolved}
        checked={filter.showResolved}
        onChange={({ currentTarget: { checked } }) =>
          onChange({ ...filter, cause, showResolved: checked })
        }
      />
    </form>
  );
}
