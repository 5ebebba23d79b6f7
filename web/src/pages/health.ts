// What the gateway says of itself and of the services behind it: GET /readyz.

export interface Part {
  name: string;
  /** `ok`, or what is wrong: `failed`, `timeout`, `stopping`. */
  outcome: string;
}

export interface Health {
  /** `degraded`: orders are placed and paid, and something else does not run. */
  kind: 'ready' | 'degraded' | 'not-ready' | 'unreachable';
  parts: Part[];
  time: Date;
  /** From the question to the answer; undefined without one. */
  roundTripMs: number | undefined;
}

/** Asks the gateway once; no answer is an outcome too. */
export async function readHealth(signal: AbortSignal): Promise<Health> {
  const begin = performance.now();
  try {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(5_000)]);
    const answer = await fetch('/readyz', { signal: limit, cache: 'no-store' });
    const roundTripMs = performance.now() - begin;
    return { ...healthOf(await answer.json()), roundTripMs, time: new Date() };
  } catch {
    const parts = [{ name: 'gateway', outcome: 'failed' }];
    return { kind: 'unreachable', parts, roundTripMs: undefined, time: new Date() };
  }
}

/** Throws TypeError for what is no report of readiness. */
export function healthOf(json: unknown): Pick<Health, 'kind' | 'parts'> {
  const { ready, degraded, checks, failures } = json as Partial<Report>;
  if (typeof ready !== 'boolean') throw new TypeError('This is no report of readiness.');
  const names = new Set([...(checks ?? []), ...Object.keys(failures ?? {})]);
  const parts = [...names].map((name) => ({ name, outcome: failures?.[name] ?? 'ok' }));
  return {
    kind: !ready ? 'not-ready' : degraded ? 'degraded' : 'ready',
    parts: [{ name: 'gateway', outcome: 'ok' }, ...parts.toSorted(byName)],
  };
}

interface Report {
  ready: boolean;
  degraded: boolean;
  checks: string[];
  failures: Record<string, string>;
}

function byName(a: Part, b: Part): number {
  return a.name < b.name ? -1 : 1;
}
