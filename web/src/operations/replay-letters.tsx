import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { OperationsClient } from '#gen/sdk/operator/clients.ts';
import type { DeadLetter, ReplayDeadLettersResponse } from '#gen/sdk/operator/types.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useText } from '../text/text-context.tsx';
import { letterTitle } from './letter.ts';
import type { OperatorMessages } from './english.ts';
import { useOperatorText } from './operator-text.ts';

interface ReplayLettersProps {
  label: string;
  letters: readonly DeadLetter[];
  client: OperationsClient;
  onDone(notices: readonly string[]): void;
}

/** Publishes the letters' events once more, after a question. */
export function ReplayLetters({ label, letters, client, onDone }: ReplayLettersProps) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [isAsking, setIsAsking] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  async function replay(): Promise<void> {
    setIsBusy(true);
    setError(undefined);
    try {
      const { replays } = await client.replayDeadLetters({
        names: letters.map(({ name }) => name),
      });
      setIsAsking(false);
      onDone(noticesOf(replays, letters, o));
    } catch (thrown) {
      setError(thrown);
    } finally {
      setIsBusy(false);
    }
  }
  return (
    <>
      <Button size="xs" onClick={() => setIsAsking(true)}>
        {label}
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setIsAsking(false)}
        title={o.letters.replayTitle}
        closeButtonProps={{ 'aria-label': t.close }}
        centered
      >
        <Stack>
          <Text size="sm">{o.letters.replayText(letters.length)}</Text>
          {error !== undefined && <ErrorPanel error={error} />}
          <Group justify="end">
            <Button variant="default" onClick={() => setIsAsking(false)}>
              {t.cancel}
            </Button>
            <Button loading={isBusy} onClick={() => void replay()}>
              {o.letters.replay}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

/** How many were published, and of each other why not. */
function noticesOf(
  replays: ReplayDeadLettersResponse['replays'],
  letters: readonly DeadLetter[],
  o: OperatorMessages,
): string[] {
  const published = replays.filter(({ outcome }) => outcome === 'REPLAYED').length;
  const others = replays.flatMap(({ name, outcome = '' }) => {
    const letter = letters.find((found) => found.name === name);
    if (outcome === 'REPLAYED' || letter === undefined) return [];
    const title = letterTitle(letter, o.letters.untyped);
    return [`${title}: ${o.letters.outcomes[outcome] ?? outcome}`];
  });
  return [...(published > 0 ? [o.letters.replayed(published)] : []), ...others];
}
