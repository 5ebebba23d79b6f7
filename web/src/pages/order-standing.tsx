import { Card, Skeleton, Text, Title } from '@mantine/core';
import type { Order, OrderExplanation, Payment } from '#sdk/src/index.ts';
import { ErrorPanel } from '../parts/error-panel.tsx';
import { useNow } from '../parts/now.ts';
import { useLoad } from '../session/load.ts';
import { isFinal } from '../session/newest.ts';
import { useSession } from '../session/session-context.tsx';
import { useText } from '../text/text-context.tsx';

/** What the order waits for, and what Payments has decided. */
export function OrderStanding({ order }: { order: Order }) {
  const { t } = useText();
  const session = useSession();
  const { data, error, reload } = useLoad(order.name, Number(order.version), (signal) =>
    session.purser.orders.explain(order.name, { signal }),
  );
  return (
    <Card withBorder component="section" aria-labelledby="standing">
      <Title order={2} size="h4" id="standing" mb="sm">
        {t.order.explain}
      </Title>
      {error !== undefined && <ErrorPanel error={error} onRetry={reload} />}
      {data === undefined && error === undefined && <Skeleton height={90} aria-label={t.loading} />}
      {data !== undefined && <Standing explanation={data} />}
      {data !== undefined && <PaymentFacts payment={data.payment} />}
    </Card>
  );
}

function Standing({ explanation }: { explanation: OrderExplanation }) {
  const { t, format, language } = useText();
  const now = useNow(1_000);
  const { waitingFor, since, next, state } = explanation;
  // The service speaks English, and more exactly than a word for what is waited for.
  const text = language === 'en' ? next : (t.order.waiting[waitingFor] ?? next);
  return (
    <>
      <Text>{text}</Text>
      {!isFinal(state) && (
        <Text size="sm" c="dimmed">
          {t.order.reached(format.ago(since, now))}
        </Text>
      )}
    </>
  );
}

function PaymentFacts({ payment }: { payment: Payment | undefined }) {
  const { t, format } = useText();
  return (
    <>
      <Title order={3} size="h5" mt="md">
        {t.order.payment}
      </Title>
      {payment === undefined ? (
        <Text size="sm" c="dimmed">
          {t.order.noPayment}
        </Text>
      ) : (
        <dl className="facts">
          <div>
            <dt>{t.orders.state}</dt>
            <dd data-testid="payment">{t.order.paymentStates[payment.state] ?? payment.state}</dd>
          </div>
          {payment.failureReason !== undefined && (
            <div>
              <dt>{t.order.cancelReason}</dt>
              <dd>{t.failures[payment.failureReason] ?? payment.failureReason}</dd>
            </div>
          )}
          <div>
            <dt>{t.order.amount}</dt>
            <dd>{format.money(payment.amount)}</dd>
          </div>
          {payment.balanceAfter !== undefined && (
            <div>
              <dt>{t.order.balanceAfter}</dt>
              <dd>{format.money(payment.balanceAfter)}</dd>
            </div>
          )}
          <div>
            <dt>{t.order.decided}</dt>
            <dd>{format.exactly(payment.createTime)}</dd>
          </div>
        </dl>
      )}
    </>
  );
}
