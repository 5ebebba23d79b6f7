import { Badge } from '@mantine/core';
import { useText } from '../text/text-context.tsx';

const colours: Readonly<Record<string, string>> = {
  PENDING: 'yellow',
  PAID: 'teal',
  ASSEMBLED: 'indigo',
  SHIPPED: 'indigo',
  DELIVERED: 'green',
  FAILED: 'red',
  CANCELLING: 'orange',
  CANCELLED: 'gray',
};

/** An order's state in words; colour only helps the eye. */
export function StateBadge({ state }: { state: string }) {
  const { t } = useText();
  return (
    <Badge
      variant="dot"
      color={colours[state] ?? 'gray'}
      size="lg"
      radius="sm"
      tt="none"
      className="state"
      data-state={state}
    >
      {t.states[state] ?? state}
    </Badge>
  );
}
