import { systemTiming, type Timing } from '#lib/batch/timing.ts';
import { isConflict } from './failure.ts';

const attemptsMax = 5;

/**
 * Runs `attempt` again after serialization failures, deadlocks and `ConflictError`, up to 5 times
 * in all with growing, jittered pauses of 10 to 160 ms at most.
 */
export async function retryConflicts<T>(
  attempt: () => Promise<T>,
  { timing = systemTiming, onRetry }: { timing?: Timing; onRetry?: () => void } = {},
): Promise<T> {
  for (let count = 1; ; count += 1) {
    try {
      return await attempt();
    } catch (error) {
      if (count === attemptsMax || !isConflict(error)) throw error;
      onRetry?.();
      await timing.sleep(timing.random() * 10 * 2 ** count);
    }
  }
}
