import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useText } from '../text/text-context.tsx';
import type { LetterProps } from './letter.ts';
import { letterTitle } from './letter.ts';
import { useOperatorText } from './operator-text.ts';

const reasonMax = 500;

/** Gives a letter up for good, after a question, for a reason. */
export function DiscardLetter({ letter, client, onDone }: LetterProps) {
  const { t } = useText();
  const { o } = useOperatorText();
  const [isAsking, setIsAsking] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>();
  async function discard(): Promise<void> {
    setIsBusy(true);
    setError(undefined);
    try {
      await client.discardDeadLetter(letter.name, { reason });
      setIsAsking(false);
      onDone([o.letters.discarded]);
    } catch (thrown) {
      setError(thrown);
    } finally {
      setIsBusy(false);
    }
  }
  return (
    <>
      <Button size="xs" variant="outline" color="red" onClick={() => setIsAsking(true)}>
        {o.letters.discard}
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setIsAsking(false)}
        title={o.letters.discardTitle}
        closeButtonProps={{ 'aria-label': t.close }}
        centered
      >
        <Stack>
          <Text size="sm" className="wrap-anywhere">
            {letterTitle(letter, o.letters.untyped)}
          </Text>
          <Text size="sm">{o.letters.discardText}</Text>
          <TextInput
            label={o.letters.discardReason}
            required
            value={reason}
            maxLength={reasonMax}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {error !== undefined && <ErrorPanel error={error} />}
          <Group justify="end">
            <Button variant="default" onClick={() => setIsAsking(false)}>
              {o.letters.keep}
            </Button>
            <Button
              color="red"
              loading={isBusy}
              disabled={reason.trim() === ''}
              onClick={() => void discard()}
            >
              {o.letters.discard}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}
