import type { Throughput } from '#gen/sdk/operator/types.ts';

export interface Rates {
  /** Points of the two lines, x to the right and y down, within `width` and `height`. */
  created: readonly (readonly [x: number, y: number])[];
  paid: readonly (readonly [x: number, y: number])[];
  /** What the top of the picture stands for, per second. */
  topPerSecond: number;
  from: Date;
  until: Date;
  /** Sums over all of the time. */
  total: { created: bigint; paid: bigint; failed: bigint; ms: number };
  /** In the last interval, per second. */
  now: { created: number; published: number; consumed: number };
}

/** The picture of the throughput, oldest first. Undefined for fewer than two intervals. */
export function ratesOf(
  throughput: readonly Throughput[],
  { width, height }: { width: number; height: number },
): Rates | undefined {
  const [first] = throughput;
  const last = throughput.at(-1);
  if (!first?.endTime || !last?.endTime || first === last) return undefined;
  const from = first.endTime;
  const spanMs = Math.max(1, last.endTime.getTime() - from.getTime());
  const perSecond = (count: bigint, { intervalMs }: Throughput) =>
    (Number(count) * 1_000) / intervalMs;
  const topPerSecond = Math.max(
    1,
    ...throughput.flatMap((interval) => [
      perSecond(interval.ordersCreated, interval),
      perSecond(interval.ordersPaid, interval),
    ]),
  );
  const lineOf = (count: (interval: Throughput) => bigint) =>
    throughput.map((interval): [number, number] => {
      const x = (((interval.endTime ?? from).getTime() - from.getTime()) / spanMs) * width;
      const y = height - (perSecond(count(interval), interval) / topPerSecond) * height;
      return [round(x), round(y)];
    });
  const sum = (count: (interval: Throughput) => bigint) =>
    throughput.reduce((total, interval) => total + count(interval), 0n);
  return {
    created: lineOf(({ ordersCreated }) => ordersCreated),
    paid: lineOf(({ ordersPaid }) => ordersPaid),
    topPerSecond,
    from,
    until: last.endTime,
    total: {
      created: sum(({ ordersCreated }) => ordersCreated),
      paid: sum(({ ordersPaid }) => ordersPaid),
      failed: sum(({ ordersFailed }) => ordersFailed),
      ms: throughput.reduce((total, { intervalMs }) => total + intervalMs, 0),
    },
    now: {
      created: perSecond(last.ordersCreated, last),
      published: perSecond(last.messagesPublished, last),
      consumed: perSecond(last.messagesConsumed, last),
    },
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
