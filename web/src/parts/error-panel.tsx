import { Alert, Button, Code, Group, Text } from '@mantine/core';
import { PurserError } from '#sdk/src/purser-error.ts';
import type { Messages } from '../text/english.ts';
import { useText } from '../text/text-context.tsx';

/** Why something did not work, in the user's words. */
export function describeError(error: unknown, t: Messages): string {
  if (!(error instanceof PurserError)) return t.errors.other(String(error));
  const known = t.errors.reasons[error.reason] ?? t.errors.other(error.message);
  const details = error.violations.map(({ field, description }) => `${field} ${description}`);
  return [known, ...details].join(' ');
}

interface ErrorPanelProps {
  error: unknown;
  onRetry?: (() => void) | undefined;
}

/** What went wrong, the id by which the logs know it, and a way to try again. */
export function ErrorPanel({ error, onRetry }: ErrorPanelProps) {
  const { t } = useText();
  const requestId = error instanceof PurserError ? error.requestId : undefined;
  return (
    <Alert color="red" variant="outline" title={t.errors.title} role="alert">
      <Text size="sm">{describeError(error, t)}</Text>
      {requestId !== undefined && (
        <Text size="xs" mt="xs">
          {t.errors.requestId}: <Code className="wrap-anywhere">{requestId}</Code>
        </Text>
      )}
      {onRetry !== undefined && (
        <Group mt="sm">
          <Button size="xs" variant="default" onClick={onRetry}>
            {t.retry}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
