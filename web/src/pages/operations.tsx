import { Alert, Anchor, Card, Group, Skeleton, Table, Text, Title } from '@mantine/core';
import { lazy, Suspense, useEffect, useState } from 'react';
import { ConnectionBadge } from '../parts/connection-badge.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { useOptionalSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';
import { readHealth } from './health.ts';
import type { Health } from './health.ts';

const lookEveryMs = 5_000;

/** For operators alone, so that nobody else has to load it. */
const Console = lazy(async () => {
  const { Console: component } = await import('../operations/console.tsx');
  return { default: component };
});

/** How the system is, as far as the gateway tells it. */
export function OperationsPage() {
  const { t, format } = useText();
  const session = useOptionalSession();
  const health = useHealth();
  return (
    <>
      <PageHeading title={t.operations.title} />
      <div className="two-columns">
        <Card withBorder component="section" aria-labelledby="health">
          <Title order={2} size="h4" id="health" mb="sm">
            {t.operations.health}
          </Title>
          {health === undefined ? (
            <Skeleton height={140} aria-label={t.loading} />
          ) : (
            <HealthTable health={health} />
          )}
        </Card>
        <Card withBorder component="section" aria-labelledby="your-connection">
          <Title order={2} size="h4" id="your-connection" mb="sm">
            {t.operations.yourConnection}
          </Title>
          {session !== undefined && (
            <Group gap="xs">
              <ConnectionBadge state={session.connection} />
              <Text size="sm" c="dimmed">
                {t.connection.since(format.clock(session.connection.since))}
              </Text>
            </Group>
          )}
          {health?.roundTripMs !== undefined && (
            <dl className="facts">
              <div>
                <dt>{t.operations.roundTrip}</dt>
                <dd>{format.duration(health.roundTripMs)}</dd>
              </div>
            </dl>
          )}
          <Group mt="md">
            <Anchor href="/docs">{t.operations.reference}</Anchor>
            <Anchor href="/docs/errors">{t.operations.errors}</Anchor>
          </Group>
        </Card>
      </div>
      <Suspense fallback={<Skeleton height={200} mt="md" aria-label={t.loading} />}>
        <Console />
      </Suspense>
    </>
  );
}

const colors = { ready: 'teal', degraded: 'yellow', 'not-ready': 'red', unreachable: 'red' };

function HealthTable({ health }: { health: Health }) {
  const { t, format } = useText();
  const summary = {
    ready: t.operations.ready,
    degraded: t.operations.degraded,
    'not-ready': t.operations.notReady,
    unreachable: t.operations.unreachable,
  }[health.kind];
  return (
    <>
      <Alert color={colors[health.kind]} variant="outline" role="status">
        {summary}
      </Alert>
      <Table mt="sm">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{t.operations.part}</Table.Th>
            <Table.Th>{t.operations.health}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {health.parts.map(({ name, outcome }) => (
            <Table.Tr key={name}>
              <Table.Td>{t.operations.parts[name] ?? name}</Table.Td>
              <Table.Td data-outcome={outcome}>
                {outcome === 'ok'
                  ? t.operations.healthy
                  : (t.operations.outcomes[outcome] ?? outcome)}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <Text size="xs" c="dimmed" mt="xs">
        {t.operations.checked(format.clock(health.time))}
      </Text>
    </>
  );
}

function useHealth(): Health | undefined {
  const [health, setHealth] = useState<Health>();
  useEffect(() => {
    const left = new AbortController();
    const look = async () => {
      const found = await readHealth(left.signal);
      if (!left.signal.aborted) setHealth(found);
    };
    void look();
    const timer = setInterval(() => void look(), lookEveryMs);
    return () => {
      clearInterval(timer);
      left.abort();
    };
  }, []);
  return health;
}
