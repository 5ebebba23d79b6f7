import { Button, Card, Group, SegmentedControl, Stack, Text, Textarea } from '@mantine/core';
import { useRef, useState } from 'react';
import type { FormEvent } from 'react';
import { compareMoney } from '#sdk/src/money.ts';
import { navigate } from '../navigation/navigation.tsx';
import { orderPath } from '../navigation/route.ts';
import { AmountField } from '../parts/amount-field.tsx';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { PageHeading } from '../parts/page-heading.tsx';
import { useAccount } from '../session/account.ts';
import { newKey } from '../session/new-key.ts';
import { useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';
import { OrderLines } from './order-lines.tsx';
import { descriptionMax, readOrder, totalOf } from './order-form.ts';
import type { OrderText } from './order-form.ts';

const emptyOrder: OrderText = {
  mode: 'amount',
  amount: '',
  description: '',
  lines: [{ id: 1, title: '', quantity: '1', unitAmount: '' }],
};

/** The form of a new order. */
export function NewOrderPage() {
  const { t } = useText();
  const account = useAccount();
  const [text, setText] = useState(emptyOrder);
  const currencyCode = account.balance?.currencyCode ?? 'USD';
  const { isChecked, isBusy, error, place } = usePlacing(text, currencyCode);
  return (
    <>
      <PageHeading title={t.newOrder.title} />
      <Card withBorder maw={640}>
        <form onSubmit={place} noValidate>
          <Stack>
            <SegmentedControl
              aria-label={t.newOrder.mode}
              value={text.mode}
              onChange={(mode) => setText({ ...text, mode: mode as OrderText['mode'] })}
              data={[
                { value: 'amount', label: t.newOrder.byAmount },
                { value: 'lines', label: t.newOrder.byLines },
              ]}
            />
            {text.mode === 'amount' ? (
              <AmountField
                label={t.newOrder.amount}
                value={text.amount}
                onChange={(amount) => setText({ ...text, amount })}
                currencyCode={currencyCode}
                isChecked={isChecked}
                required
              />
            ) : (
              <OrderLines
                lines={text.lines}
                onChange={(lines) => setText({ ...text, lines })}
                currencyCode={currencyCode}
                isChecked={isChecked}
              />
            )}
            <Textarea
              label={`${t.newOrder.description} (${t.optional})`}
              description={t.newOrder.descriptionHint(descriptionMax - text.description.length)}
              maxLength={descriptionMax}
              rows={2}
              value={text.description}
              onChange={(event) => setText({ ...text, description: event.currentTarget.value })}
            />
            <Total text={text} currencyCode={currencyCode} />
            {error !== undefined && <ErrorPanel error={error} />}
            <Button type="submit" size="md" loading={isBusy}>
              {t.newOrder.submit}
            </Button>
          </Stack>
        </form>
      </Card>
    </>
  );
}

function Total({ text, currencyCode }: { text: OrderText; currencyCode: string }) {
  const { t, format } = useText();
  const { balance } = useAccount();
  const total = totalOf(text, currencyCode);
  const tooDear = total !== undefined && balance !== undefined && compareMoney(total, balance) > 0;
  return (
    <div role="status">
      <Group justify="space-between">
        <Text fw={600}>{t.newOrder.total}</Text>
        <Text fw={600} className="figures" data-testid="total">
          {total === undefined ? '—' : format.money(total)}
        </Text>
      </Group>
      {balance !== undefined && (
        <Text size="sm" c="dimmed">
          {t.newOrder.balance(format.money(balance))}
        </Text>
      )}
      {tooDear && <Text size="sm">{t.newOrder.tooDear}</Text>}
    </div>
  );
}

/** Sends the form. A repeat of the same content carries the same key: it is one order. */
function usePlacing(text: OrderText, currencyCode: string) {
  const session = useSession();
  const [isChecked, setIsChecked] = useState(false);
  const [isBusy, setIsBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const attempt = useRef({ content: '', key: '' });
  async function send(): Promise<void> {
    const input = readOrder(text, currencyCode);
    setIsChecked(input === undefined);
    setError(undefined);
    if (input === undefined) return focusFirstInvalid();
    const content = JSON.stringify([text, currencyCode]);
    if (attempt.current.content !== content) attempt.current = { content, key: newKey() };
    setIsBusy(true);
    try {
      const options = { idempotencyKey: attempt.current.key };
      const order = await session.purser.orders.create(input, options);
      session.note({ orders: [order] });
      navigate(orderPath(order.name));
    } catch (thrown) {
      setError(thrown);
      setIsBusy(false);
    }
  }
  const place = (event: FormEvent) => {
    event.preventDefault();
    void send();
  };
  return { isChecked, isBusy, error, place };
}

function focusFirstInvalid(): void {
  // After React has marked the fields.
  setTimeout(() => document.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus());
}
