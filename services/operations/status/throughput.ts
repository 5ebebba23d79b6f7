import { type Instance, InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import { type InstanceStatus, Throughput } from '#gen/purser/operations/v1/system_status.ts';

/** Everything that was found at one moment. */
export interface Sample {
  time: Date;
  instances: readonly InstanceStatus[];
}

const counted = Object.keys(
  InstanceCounters.decode(new Uint8Array()),
) as (keyof InstanceCounters)[];

/**
 * What all instances did between two samples. One that was not there before has done in it what it
 * has done since its start, if it started in it; one that is not there any more tells nothing.
 */
export function throughputBetween(before: Sample, after: Sample): Throughput {
  const known = new Map(found(before).map((instance) => [instance.runId, instance]));
  const total = Throughput.decode(new Uint8Array());
  for (const instance of found(after)) {
    const earlier = known.get(instance.runId);
    const isNew = (instance.startTime ?? before.time) >= before.time;
    // It was there before, and did not answer: what it did since then is spread over nobody knows
    // what time.
    if (!earlier && !isNew) continue;
    for (const name of counted) {
      total[name] += (instance.counters?.[name] ?? 0n) - (earlier?.counters?.[name] ?? 0n);
    }
  }
  return {
    ...total,
    endTime: after.time,
    intervalMs: Math.max(1, after.time.getTime() - before.time.getTime()),
    outboxMessages: outboxMessages(found(after)),
  };
}

/** Instances of one service have one outbox. */
function outboxMessages(instances: readonly Instance[]): bigint {
  const waiting = new Map<string, bigint>();
  for (const { service, backlog } of instances) {
    if (backlog) waiting.set(service, backlog.outboxMessages);
  }
  return [...waiting.values()].reduce((sum, count) => sum + count, 0n);
}

function found({ instances }: Sample): Instance[] {
  return instances.flatMap(({ instance }) => instance ?? []);
}
