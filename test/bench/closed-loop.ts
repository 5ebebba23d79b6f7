import { createHistogram } from 'node:perf_hooks';

export interface LoadPlan {
  /** Callers that each have one call in flight. */
  concurrency: number;
  /** Not counted. */
  warmUpMs: number;
  measureMs: number;
  /** Calls a second over all callers, evenly spaced; without it nobody pauses. */
  ratePerSecond?: number;
  /** Runs when the warm-up is over; its end is awaited beside the load. */
  onMeasure?(): void;
}

export interface LoadResult {
  calls: number;
  failures: number;
  elapsedMs: number;
  perSecond: number;
  /** Of the calls that succeeded. At a given rate from the time that the call was due. */
  latencyMs: Latency;
}

export interface Latency {
  p50: number;
  p99: number;
}

/** One caller; it tells whether the call did what it should. */
export type Caller = () => Promise<boolean>;

/**
 * Runs the callers in a closed loop: a caller begins its next call when its last one has ended. At
 * a fixed rate, the latency counts from when a call was due and not from when a late caller came
 * round to it (Gil Tene's “coordinated omission”).
 */
export async function runClosedLoop(
  plan: LoadPlan,
  callers: readonly Caller[],
): Promise<LoadResult> {
  const startedAt = performance.now();
  const measureFrom = startedAt + plan.warmUpMs;
  const endAt = measureFrom + plan.measureMs;
  const gapMs = plan.ratePerSecond === undefined ? undefined : 1_000 / plan.ratePerSecond;
  const latency = createHistogram({ lowest: 1, highest: 600_000_000, figures: 3 });
  let slot = 0;
  let calls = 0;
  let failures = 0;
  if (plan.onMeasure !== undefined) setTimeout(plan.onMeasure, plan.warmUpMs);
  const loop = async (call: Caller) => {
    while (performance.now() < endAt) {
      let beganAt = performance.now();
      if (gapMs !== undefined) {
        const dueAt = startedAt + slot++ * gapMs;
        if (dueAt >= endAt) return;
        if (dueAt > beganAt) {
          await new Promise((resolve) => setTimeout(resolve, dueAt - beganAt));
        }
        beganAt = dueAt;
      }
      const succeeded = await call();
      const now = performance.now();
      if (now < measureFrom || now > endAt) continue;
      calls += 1;
      if (succeeded) latency.record(Math.max(1, Math.round((now - beganAt) * 1_000)));
      else failures += 1;
    }
  };
  await Promise.all(callers.slice(0, plan.concurrency).map(loop));
  return {
    calls,
    failures,
    elapsedMs: plan.measureMs,
    perSecond: (calls - failures) / (plan.measureMs / 1_000),
    latencyMs: { p50: latency.percentile(50) / 1_000, p99: latency.percentile(99) / 1_000 },
  };
}
