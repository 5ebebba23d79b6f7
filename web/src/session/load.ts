import { useCallback, useEffect, useRef, useState } from 'react';

export interface Loaded<T> {
  /** What came last; stays while it is loaded anew. */
  data: T | undefined;
  /** Why the last try failed; undefined after one that did not. */
  error: unknown;
  isLoading: boolean;
  reload(): void;
}

interface Content<T> {
  /** What was asked for. */
  key: string;
  revision: number;
  round: number;
  data: T | undefined;
  error: unknown;
}

/**
 * Loads what a part of a page shows. Another `key` is about something else: what was there is gone
 * at once. Another `revision` is about the same: what was there stays until the new is there.
 */
export function useLoad<T>(
  key: string,
  revision: number,
  load: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [content, setContent] = useState<Content<T>>();
  const [round, setRound] = useState(0);
  const latest = useRef(load);
  useEffect(() => {
    latest.current = load;
  });
  useEffect(() => {
    const left = new AbortController();
    const { signal } = left;
    const asked = { key, revision, round };
    latest.current(signal).then(
      (data) => {
        if (!signal.aborted) setContent({ ...asked, data, error: undefined });
      },
      (error: unknown) => {
        if (signal.aborted) return;
        setContent((before) => ({
          ...asked,
          data: before?.key === key ? before.data : undefined,
          error,
        }));
      },
    );
    return () => left.abort();
  }, [key, revision, round]);
  const reload = useCallback(() => setRound((before) => before + 1), []);
  const isSame = content?.key === key;
  return {
    data: isSame ? content.data : undefined,
    error: isSame ? content.error : undefined,
    isLoading: !isSame || content.revision !== revision || content.round !== round,
    reload,
  };
}
