import { Card, Group, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface SectionProps {
  id: string;
  title: string;
  /** Beside the title. */
  tools?: ReactNode;
  children: ReactNode;
}

/** A part of the operators' page, which a screen reader can jump to. */
export function Section({ id, title, tools, children }: SectionProps) {
  return (
    <Card withBorder component="section" className="below" aria-labelledby={id}>
      <Group justify="space-between" mb="sm">
        <Title order={2} size="h4" id={id}>
          {title}
        </Title>
        {tools}
      </Group>
      {children}
    </Card>
  );
}
