import { useEffect, useState } from 'react';
import { useLoad } from '../session/load.ts';
import type { Loaded } from '../session/load.ts';

/** Loads again and again; what was there stays until the new is there, also when that fails. */
export function usePolled<T>(
  key: string,
  everyMs: number,
  load: (signal: AbortSignal) => Promise<T>,
): Loaded<T> {
  const [revision, setRevision] = useState(0);
  const loaded = useLoad(key, revision, load);
  const { isLoading } = loaded;
  useEffect(() => {
    if (isLoading) return;
    const timer = setTimeout(() => setRevision((before) => before + 1), everyMs);
    return () => clearTimeout(timer);
  }, [isLoading, everyMs]);
  return loaded;
}
