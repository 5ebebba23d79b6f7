import { randomUUID } from 'node:crypto';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Counter } from 'prom-client';
import { Instance, InstanceCounters } from '#gen/purser/operations/v1/instance.ts';
import type { GetInstanceRequest } from '#gen/purser/operations/v1/instance_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { consumed } from '#lib/nats/consumer-metrics.ts';
import { published } from '#lib/outbox/relay-metrics.ts';
import type { Backlog } from '#lib/outbox/select-backlog.ts';
import type { Readiness } from '#lib/process/readiness.ts';
import packageJson from '../../package.json' with { type: 'json' };

/** What a process has to tell from. */
export interface InstanceParts {
  service: string;
  readiness: Readiness;
  /** Reads what waits in the service's database; left out by a process without one. */
  backlog?: () => Promise<Backlog>;
  /** Whether this instance publishes the outbox at present. */
  isRelayLeader?: () => boolean;
  /** What only this service counts. */
  counters?: (() => Promise<Partial<InstanceCounters>>) | undefined;
}

/** A database that does not answer must not keep the rest from being told. */
const backlogTimeoutMs = 1_000;

/** The loop is looked at this often; what is measured is the time between two looks. */
const resolutionMs = 20;

/** The handler of InstanceService.GetInstance. */
export function getInstance(parts: InstanceParts): Handler<GetInstanceRequest, Instance> {
  const runId = randomUUID();
  const startTime = new Date(Date.now() - process.uptime() * 1_000);
  const delay = monitorEventLoopDelay({ resolution: resolutionMs });
  delay.enable();
  return async () => {
    const [{ ready, failures }, backlog, counters] = await Promise.all([
      parts.readiness.report(),
      readBacklog(parts),
      readCounters(parts),
    ]);
    const lateNs = delay.percentile(99) - resolutionMs * 1_000_000;
    const eventLoopDelayUs = BigInt(Math.max(0, Math.round(lateNs / 1_000)));
    delay.reset();
    return {
      service: parts.service,
      runId,
      version: packageJson.version,
      startTime,
      ready,
      failures: Object.entries(failures).map(([check, outcome]) => ({ check, outcome })),
      backlog,
      relayLeader: parts.isRelayLeader?.() ?? false,
      counters,
      memoryBytes: BigInt(process.memoryUsage.rss()),
      eventLoopDelayUs,
    };
  };
}

/** Undefined without a database, and while it does not answer: readiness says so already. */
async function readBacklog({ backlog }: InstanceParts): Promise<Backlog | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, backlogTimeoutMs, undefined);
  });
  try {
    return await Promise.race([backlog?.(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
  }
}

async function readCounters({ counters }: InstanceParts): Promise<InstanceCounters> {
  return {
    ...InstanceCounters.decode(new Uint8Array()),
    messagesPublished: await countOf(published),
    messagesConsumed: await countOf(consumed),
    ...(await counters?.()),
  };
}

/** The sum of a counter's series, or of those that have all of these labels. */
export async function countOf(
  counter: Counter,
  labels: Readonly<Record<string, string>> = {},
): Promise<bigint> {
  const { values } = await counter.get();
  const wanted = values.filter((series) =>
    Object.entries(labels).every(([name, value]) => series.labels[name] === value),
  );
  return BigInt(wanted.reduce((sum, { value }) => sum + value, 0));
}
