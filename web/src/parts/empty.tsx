import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';

/** In place of a list that holds nothing: why, and what to do about it. */
export function Empty({ title, hint, children }: EmptyProps) {
  return (
    <Stack align="center" gap="xs" py="xl" ta="center">
      <Text fw={600}>{title}</Text>
      {hint !== undefined && (
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
      )}
      {children}
    </Stack>
  );
}

interface EmptyProps {
  title: string;
  hint?: string | undefined;
  children?: ReactNode;
}
