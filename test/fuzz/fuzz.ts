import { methods } from '#gen/methods.ts';
import { streams } from '#gen/streams.ts';
import { grpcCase } from './grpc-cases.ts';
import { httpCase } from './http-cases.ts';
import { Random } from './random.ts';
import { GrpcSender, sendHttp, type Verdict } from './send.ts';

export interface FuzzTarget {
  /** Port of a gateway. */
  gateway: number;
  /** Ports of services by domain: `orders`. */
  services: Readonly<Record<string, number>>;
}

export interface FuzzOptions {
  seed: number;
  /** Cases over HTTP, and as many over gRPC. */
  count: number;
  /** The first case, 0 by default: with a count of 1 it alone is run. */
  from?: number;
  /** Cases at a time. */
  parallel?: number;
  /** Told now and then how many cases are done. */
  onProgress?: (done: number) => void;
}

export interface FuzzResult {
  /** How often each outcome was seen, by protocol: `HTTP 400`, `grpc 3`. */
  seen: Map<string, number>;
  /** What must not be, each with the case that it came of. */
  wrong: string[];
}

/** Sends `count` malformed requests over each protocol. The same seed sends the same bytes. */
export async function fuzz(target: FuzzTarget, options: FuzzOptions): Promise<FuzzResult> {
  const { seed, count, from = 0, parallel = 16, onProgress } = options;
  const result: FuzzResult = { seen: new Map(), wrong: [] };
  const note = (name: string, { seen, wrong }: Verdict) => {
    result.seen.set(seen, (result.seen.get(seen) ?? 0) + 1);
    if (wrong !== undefined) result.wrong.push(`${name}: ${wrong}`);
  };
  let next = from;
  const work = async () => {
    const senders = servicesOf(target);
    while (next < from + count) {
      const index = next++;
      const bytes = httpCase(new Random(seed, index));
      note(`HTTP case ${index}`, await sendHttp(target.gateway, bytes));
      const random = new Random(seed ^ 0x5bd1e995, index);
      const { sender, paths } = random.pick(senders);
      const call = grpcCase(random, paths);
      note(`gRPC case ${index} ${String(call.headers[':path'])}`, await sender.send(call));
      if ((index + 1 - from) % 1_000 === 0) onProgress?.(index + 1 - from);
    }
    for (const { sender } of senders) sender.close();
  };
  await Promise.all(Array.from({ length: Math.min(parallel, count) }, work));
  return result;
}

function servicesOf({ services }: FuzzTarget): { sender: GrpcSender; paths: string[] }[] {
  const calls = [...Object.values(methods), ...Object.values(streams)];
  const tools = ['/grpc.health.v1.Health/Check'];
  return Object.entries(services).map(([domain, port]) => ({
    sender: new GrpcSender(port),
    paths: [...calls.filter((call) => call.domain === domain).map(({ path }) => path), ...tools],
  }));
}
