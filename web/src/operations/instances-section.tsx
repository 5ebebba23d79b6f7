import { Skeleton, Table, Text } from '@mantine/core';
import type { InstanceStatus, SystemStatus } from '#gen/sdk/operator/types.ts';
import { useText } from '../text/text-context.tsx';
import { useOperatorText } from './operator-text.ts';
import { Section } from './section.tsx';

const bytesInMegabyte = 1_000_000;

/** Every instance, how it is, and what waits in its service. */
export function InstancesSection({ status }: { status: SystemStatus | undefined }) {
  const { t } = useText();
  const { o, format } = useOperatorText();
  const { instances } = o;
  return (
    <Section id="instances" title={instances.title}>
      {status === undefined ? (
        <Skeleton height={160} aria-label={t.loading} />
      ) : (
        <>
          {/* What scrolls must be reachable with the keyboard (axe asks for it). */}
          {/* oxlint-disable-next-line jsx-a11y/no-noninteractive-tabindex */}
          <div className="scroll" role="region" aria-label={instances.scroll} tabIndex={0}>
            <Table>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>{instances.service}</Table.Th>
                  <Table.Th>{instances.address}</Table.Th>
                  <Table.Th>{instances.state}</Table.Th>
                  <Table.Th>{instances.backlog}</Table.Th>
                  <Table.Th>{instances.letters}</Table.Th>
                  <Table.Th>{instances.started}</Table.Th>
                  <Table.Th>{instances.memory}</Table.Th>
                  <Table.Th>{instances.delay}</Table.Th>
                  <Table.Th>{instances.version}</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {status.instances.map((found) => (
                  <Row key={`${found.service} ${found.address}`} found={found} />
                ))}
              </Table.Tbody>
            </Table>
          </div>
          {status.sampleTime !== undefined && (
            <Text size="xs" c="dimmed" mt="xs">
              {o.sampled(format.clock(status.sampleTime))}
            </Text>
          )}
        </>
      )}
    </Section>
  );
}

function Row({ found: { service, address, instance } }: { found: InstanceStatus }) {
  const { t } = useText();
  const { o, format } = useOperatorText();
  const { instances } = o;
  const backlog = instance?.backlog;
  return (
    <Table.Tr data-service={service}>
      <Table.Th scope="row">{t.operations.parts[service] ?? service}</Table.Th>
      <Table.Td>{address}</Table.Td>
      <Table.Td data-outcome={instance?.ready ? 'ok' : 'failed'}>
        <State instance={instance} />
      </Table.Td>
      <Table.Td>
        {backlog === undefined ? '–' : <Waiting backlog={backlog} />}
        {instance?.relayLeader && (
          <Text size="xs" c="dimmed">
            {instances.publishes}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        {backlog === undefined ? '–' : format.number(Number(backlog.deadLetters))}
      </Table.Td>
      <Table.Td>
        {instance?.startTime === undefined ? '–' : format.moment(instance.startTime)}
      </Table.Td>
      <Table.Td>
        {instance === undefined
          ? '–'
          : `${format.number(Math.round(Number(instance.memoryBytes) / bytesInMegabyte))} MB`}
      </Table.Td>
      <Table.Td>
        {instance === undefined ? '–' : format.duration(Number(instance.eventLoopDelayUs) / 1_000)}
      </Table.Td>
      <Table.Td>{instance?.version ?? '–'}</Table.Td>
    </Table.Tr>
  );
}

function State({ instance }: Pick<InstanceStatus, 'instance'>) {
  const { o } = useOperatorText();
  if (instance === undefined) return o.instances.silent;
  if (instance.ready) return o.instances.ready;
  return o.instances.notReady(instance.failures.map(({ check }) => check).join(', '));
}

function Waiting({ backlog }: { backlog: { outboxMessages: bigint; outboxLagMs: bigint } }) {
  const { o, format } = useOperatorText();
  if (backlog.outboxMessages === 0n) return o.instances.nothing;
  return o.instances.backlogOf(
    format.number(Number(backlog.outboxMessages)),
    format.duration(Number(backlog.outboxLagMs)),
  );
}
