import { Button, Group } from '@mantine/core';
import { useState } from 'react';
import { useText } from '../text/text-context.tsx';

/** Tokens of the pages that were turned, so that one can turn back. */
export interface Paging {
  /** Of the page that is shown; empty for the first. */
  token: string;
  isFirst: boolean;
  forward(nextToken: string): void;
  back(): void;
  reset(): void;
}

export function usePaging(): Paging {
  const [tokens, setTokens] = useState<readonly string[]>([]);
  return {
    token: tokens.at(-1) ?? '',
    isFirst: tokens.length === 0,
    forward: (nextToken) => setTokens([...tokens, nextToken]),
    back: () => setTokens(tokens.slice(0, -1)),
    reset: () => setTokens([]),
  };
}

interface PagerProps {
  paging: Paging;
  nextToken: string;
  /** Names of the two ways; default: newer and older. */
  labels?: { back: string; forward: string } | undefined;
}

/** The way to the pages before and after; nothing where there is one page only. */
export function Pager({ paging, nextToken, labels }: PagerProps) {
  const { t } = useText();
  if (paging.isFirst && nextToken === '') return null;
  return (
    <Group justify="space-between" mt="md">
      <Button variant="default" disabled={paging.isFirst} onClick={paging.back}>
        {labels?.back ?? t.previousPage}
      </Button>
      <Button
        variant="default"
        disabled={nextToken === ''}
        onClick={() => paging.forward(nextToken)}
      >
        {labels?.forward ?? t.nextPage}
      </Button>
    </Group>
  );
}
