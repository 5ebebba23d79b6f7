import { Button, Code, Modal, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import type { OperationsClient } from '#gen/sdk/operator/clients.ts';
import type { DeadLetter } from '#gen/sdk/operator/types.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useLoad } from '../session/load.ts';
import { useText } from '../text/text-context.tsx';
import { letterTitle } from './letter.ts';
import { useOperatorText } from './operator-text.ts';

/** All that is known of a letter, in a window of its own. */
export function ShowLetter({ letter, client }: { letter: DeadLetter; client: OperationsClient }) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [isOpen, setIsOpen] = useState(false);
  const title = letterTitle(letter, o.letters.untyped);
  return (
    <>
      <Button
        size="xs"
        variant="default"
        aria-label={o.letters.showOf(title)}
        onClick={() => setIsOpen(true)}
      >
        {o.letters.show}
      </Button>
      <Modal
        opened={isOpen}
        onClose={() => setIsOpen(false)}
        title={title}
        size="lg"
        closeButtonProps={{ 'aria-label': t.close }}
      >
        <Details name={letter.name} client={client} />
      </Modal>
    </>
  );
}

function Details({ name, client }: { name: string; client: OperationsClient }) {
  const { t } = useText();
  const { o } = useOperatorText();
  const { data, error, reload } = useLoad(name, 0, (signal) =>
    client.getDeadLetter(name, { signal }),
  );
  if (error !== undefined) return <ErrorPanel error={error} onRetry={reload} />;
  if (data === undefined) return <Skeleton height={200} aria-label={t.loading} />;
  const facts: [string, string][] = [
    [o.letters.causeTitle, data.cause],
    [o.letters.subject, data.subject],
    [o.letters.event, data.eventId],
  ];
  return (
    <>
      <dl className="facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([term, value]) => (
            <div key={term}>
              <dt>{term}</dt>
              <dd className="wrap-anywhere">{value}</dd>
            </div>
          ))}
      </dl>
      <Text fw={600} mt="md">
        {o.letters.payload}
      </Text>
      {data.payload === undefined ? (
        <>
          <Text size="sm">{o.letters.undecoded(data.payloadProblem)}</Text>
          <Code block className="wrapped">
            {hexOf(data.payloadBytes)}
          </Code>
        </>
      ) : (
        <Code block className="wrapped">
          {JSON.stringify(data.payload, undefined, 2)}
        </Code>
      )}
      <Text fw={600} mt="md">
        {o.letters.headers}
      </Text>
      <Code block className="wrapped">
        {JSON.stringify(data.headers, undefined, 2)}
      </Code>
    </>
  );
}

function hexOf(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}
