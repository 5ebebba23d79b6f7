import { Group, Title } from '@mantine/core';
import { useEffect, useRef } from 'react';
import type { ReactNode } from 'react';
import { useText } from '../text/text-context.tsx';

let isFirstPage = true;

/**
 * The page's title, in the window too. It gets the focus when the page takes another's place, so
 * that a screen reader tells where one is now, and the next Tab goes on from there.
 */
export function PageHeading({ title, children }: { title: string; children?: ReactNode }) {
  const { t } = useText();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${title} · ${t.shop}`;
  }, [title, t]);
  useEffect(() => {
    // On the first page the browser's own order holds: the skip link comes first.
    if (!isFirstPage) heading.current?.focus({ preventScroll: true });
    isFirstPage = false;
  }, []);
  return (
    <Group justify="space-between" mb="lg" gap="sm">
      <Title order={1} size="h2" ref={heading} tabIndex={-1} className="page-title">
        {title}
      </Title>
      {children}
    </Group>
  );
}
