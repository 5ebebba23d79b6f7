import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { eventually } from '#test/harness/service.ts';
import { fundedUser, startSystem, usd } from '#test/harness/started-system.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { readSpans, type TracedSpan } from '../harness/spans.ts';
import { LiveClient } from './live-client.ts';

const test = suite('tracing');

const file = join(temporaryFolder(), 'spans.jsonl');
const system = await startSystem({
  PURSER_TRACING: `file:${file}`,
  OTEL_TRACES_SAMPLER: 'parentbased_always_on',
});

test.after(async () => {
  assert.is(await system.stop(), 0);
});

/** The way of an order from the request to the page that shows it, each below the one before. */
const way = [
  ['gateway', 'POST /v1/orders', 'server'],
  ['gateway', 'purser.orders.v1.OrderService/CreateOrder', 'client'],
  ['orders', 'purser.orders.v1.OrderService/CreateOrder', 'server'],
  ['orders', 'outbox purser.orders.v1.PaymentRequested', 'internal'],
  ['orders', 'send purser.orders.v1.PaymentRequested', 'producer'],
  ['payments', 'stream purser.orders.v1.PaymentRequested', 'consumer'],
  ['payments', 'process purser.orders.v1.PaymentRequested', 'consumer'],
  ['payments', 'outbox purser.payments.v1.PaymentCaptured', 'internal'],
  ['payments', 'send purser.payments.v1.PaymentCaptured', 'producer'],
  ['orders', 'stream purser.payments.v1.PaymentCaptured', 'consumer'],
  ['orders', 'process purser.payments.v1.PaymentCaptured', 'consumer'],
  ['orders', 'outbox purser.orders.v1.OrderStateChanged', 'internal'],
  ['orders', 'send purser.orders.v1.OrderStateChanged', 'producer'],
  ['notifications', 'stream purser.orders.v1.OrderStateChanged', 'consumer'],
  ['notifications', 'process purser.orders.v1.OrderStateChanged', 'consumer'],
  ['notifications', 'push websocket', 'producer'],
] as const;

/** The statements on that way: what they are, and the hop that they are a part of. */
const statements = [
  ['batch create-order', way[2]],
  ['inbox', way[6]],
  ['ledger', way[6]],
  ['order state', way[10]],
  ['user log', way[14]],
] as const;

async function tracedOrder(): Promise<{ traceId: string; spanId: string; requestId: string }> {
  const { userId } = await fundedUser(system.url, 10_000);
  const client = new LiveClient(userId, [system.ports.gateway]);
  await client.connected();
  const [traceId, spanId] = ['4bf92f3577b34da6a3ce929d0e0e4736', '00f067aa0ba902b7'];
  const response = await fetch(`${system.url}/v1/orders`, {
    method: 'POST',
    headers: {
      'x-user-id': userId,
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${spanId}-00`,
    },
    body: JSON.stringify({ amount: usd(1_250) }),
  });
  await client.sees(((await response.json()) as { name: string }).name, 'PAID');
  client.close();
  return { traceId, spanId, requestId: response.headers.get('x-request-id')! };
}

/** From the span that ends the way back to the first. */
function wayTo(last: TracedSpan, spans: readonly TracedSpan[]): TracedSpan[] {
  const parent = spans.find(({ spanId }) => spanId === last.parentSpanId);
  return parent === undefined ? [last] : [...wayTo(parent, spans), last];
}

test('the trace of an order holds every hop, in order, each below its cause', async () => {
  const { traceId, spanId, requestId } = await tracedOrder();
  const spansOfTrace = async () =>
    existsSync(file) ? readSpans(file).filter((span) => span.traceId === traceId) : [];
  // PENDING and PAID are told by two messages of one trace; each process writes in its own time.
  const longestOf = (spans: TracedSpan[]) =>
    spans
      .filter(({ name }) => name === 'push websocket')
      .map((push) => wayTo(push, spans))
      .toSorted((one, other) => other.length - one.length)[0] ?? [];
  const spans = await eventually(spansOfTrace, (all) => longestOf(all).length >= way.length);
  const longest = longestOf(spans);
  assert.equal(
    longest.map(({ service, name, kind }) => [service, name, kind]),
    way,
  );
  assert.is(longest[0]!.parentSpanId, spanId, 'the first hop is below the caller’s span');
  assert.is(longest[0]!.attributes['purser.request_id'], requestId);
  for (const [index, span] of longest.entries()) {
    // The outbox and the stream tell time in whole milliseconds.
    const earliestMs = (longest[index - 1]?.startMs ?? 0) - 2;
    assert.ok(span.startMs >= earliestMs, `${span.name} began before what caused it`);
    assert.ok(span.endMs >= span.startMs, span.name);
  }
  for (const [name, [service, hop]] of statements) {
    const parent = longest.find((span) => span.service === service && span.name === hop)!;
    const found = spans.filter((span) => span.name === name && span.parentSpanId === parent.spanId);
    assert.is(found.length, 1, `${name} below ${hop}`);
  }
});

test('log lines of the request name its trace in every service', async () => {
  const { traceId, requestId } = await tracedOrder();
  const logs = ['gateway-1', 'orders-1'].map((name) =>
    readFileSync(join(system.dataFolder, 'log', `${name}.log`), 'utf8'),
  );
  for (const log of logs) {
    const lines = log.split('\n').filter((line) => line.includes(requestId));
    assert.ok(lines.length > 0);
    for (const line of lines) {
      const { trace_id, span_id } = JSON.parse(line) as Record<string, string>;
      assert.is(trace_id, traceId);
      assert.match(span_id!, /^[0-9a-f]{16}$/);
    }
  }
});

test.run();
