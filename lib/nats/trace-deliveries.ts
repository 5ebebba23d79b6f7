import { isSampled } from '#lib/trace/trace-parent.ts';
import { endAll, nowMs, type Span, startSpan } from '#lib/trace/tracing.ts';
import type { Delivery } from './delivery.ts';

/**
 * Does the work for a batch. Each delivery of a sampled trace gets a span for its time in the
 * stream and in this process's buffer, and below it one for its processing, which is the parent of
 * all that the delivery causes: `work` gets the deliveries with that as their trace parent.
 */
export async function traceDeliveries<T>(
  batch: Delivery[],
  consumer: string,
  work: (batch: Delivery[]) => Promise<T>,
): Promise<T> {
  if (!batch.some(({ traceparent }) => isSampled(traceparent))) return work(batch);
  const spans: Span[] = [];
  const traced = batch.map((delivery) => {
    if (!isSampled(delivery.traceparent)) return delivery;
    const span = startProcessing(delivery, { consumer, batchSize: batch.length });
    spans.push(span);
    return { ...delivery, traceparent: span.traceparent };
  });
  try {
    const result = await work(traced);
    endAll(spans, {});
    return result;
  } catch (error) {
    endAll(spans, { error });
    throw error;
  }
}

function startProcessing(
  { traceparent: parent, type, subject, eventId, deliveries, streamed }: Delivery,
  { consumer, batchSize }: { consumer: string; batchSize: number },
): Span {
  const startMs = nowMs();
  const attributes = {
    'messaging.system': 'nats',
    'messaging.destination.name': subject,
    'messaging.consumer.group.name': consumer,
    'messaging.message.id': eventId,
    'purser.deliveries': deliveries,
    ...(streamed && { 'purser.stream.sequence': Number(streamed.sequence) }),
  };
  const stream = startSpan(`stream ${type}`, {
    kind: 'consumer',
    parent,
    // By the broker's clock, which may be ahead of ours.
    startMs: Math.min(streamed?.time.getTime() ?? startMs, startMs),
    attributes: { ...attributes, 'messaging.operation.type': 'receive' },
  });
  stream.end({ endMs: startMs });
  return startSpan(`process ${type}`, {
    kind: 'consumer',
    parent: stream.traceparent,
    startMs,
    attributes: {
      ...attributes,
      'messaging.operation.type': 'process',
      'messaging.batch.message_count': batchSize,
    },
  });
}
