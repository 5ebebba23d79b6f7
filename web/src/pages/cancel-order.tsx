import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { PurserError } from '#sdk/src/purser-error.ts';
import type { Order } from '#sdk/src/index.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';

interface CancelOrderProps {
  order: Order;
  /** Something that the user has to know about the order, after the question is closed. */
  onNotice(text: string): void;
  onReload(): void;
}

const reasonMax = 500;

/**
 * Cancels the order after a question, and only as the user has seen it: what has changed meanwhile
 * is shown first.
 */
export function CancelOrder({ order, onNotice, onReload }: CancelOrderProps) {
  const { t, format } = useText();
  const session = useSession();
  const [isAsking, setIsAsking] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [reason, setReason] = useState('');
  const [error, setError] = useState<unknown>();
  const ask = () => {
    setError(undefined);
    setIsAsking(true);
  };
  async function cancel(): Promise<void> {
    setIsBusy(true);
    setError(undefined);
    try {
      const { etag } = order;
      const cancelled = await session.purser.orders.cancel(order.name, { etag, reason });
      setIsAsking(false);
      session.note({ orders: [cancelled] });
    } catch (thrown) {
      if (!isOutdated(thrown)) return setError(thrown);
      setIsAsking(false);
      onNotice(thrown.is('ETAG_MISMATCH') ? t.order.changedMeanwhile : t.order.notCancellable);
      onReload();
    } finally {
      setIsBusy(false);
    }
  }
  return (
    <>
      <Button variant="outline" color="red" mt="md" onClick={ask}>
        {t.order.cancel}
      </Button>
      <Modal
        opened={isAsking}
        onClose={() => setIsAsking(false)}
        title={t.order.cancelTitle}
        closeButtonProps={{ 'aria-label': t.close }}
        centered
      >
        <Stack>
          <Text size="sm">{t.order.cancelText(format.money(order.amount))}</Text>
          <TextInput
            label={`${t.order.cancelReason} (${t.optional})`}
            value={reason}
            maxLength={reasonMax}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
          {error !== undefined && <ErrorPanel error={error} />}
          <Group justify="end">
            <Button variant="default" onClick={() => setIsAsking(false)}>
              {t.order.cancelKeep}
            </Button>
            <Button color="red" loading={isBusy} onClick={() => void cancel()}>
              {t.order.cancelConfirm}
            </Button>
          </Group>
        </Stack>
      </Modal>
    </>
  );
}

function isOutdated(error: unknown): error is PurserError {
  return (
    error instanceof PurserError &&
    (error.reason === 'ETAG_MISMATCH' || error.reason === 'ORDER_STATE_CONFLICT')
  );
}
