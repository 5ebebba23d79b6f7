import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import * as assert from 'uvu/assert';
import { Batcher } from '#lib/batch/batcher.ts';
import type { Delivery } from '#lib/nats/delivery.ts';
import { traceDeliveries } from '#lib/nats/trace-deliveries.ts';
import { readSpans, type TracedSpan } from '#test/harness/spans.ts';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { startTracing, type TracingOptions } from './open-telemetry.ts';
import { isSampled, traceIds } from './trace-parent.ts';
import { enterTrace, startSpan, traceEach } from './tracing.ts';

const test = suite('tracing');

const traceId = '0af7651916cd43dd8448eb211c80319c';
const sampled = `00-${traceId}-b7ad6b7169203331-01`;
const unsampled = `00-${traceId}-b7ad6b7169203331-00`;
const server = { kind: 'server', believesParent: true } as const;
const edge = { kind: 'server', believesParent: false } as const;

/** Runs the work in a process that traces, and gives what it recorded. */
async function recorded(
  work: () => unknown,
  options: Partial<TracingOptions> = {},
): Promise<TracedSpan[]> {
  const path = join(temporaryFolder(), 'spans.jsonl');
  const tracing = startTracing({
    service: 'test',
    instance: '1',
    version: '1.2.3',
    target: { to: 'file', path },
    endpoint: 'http://127.0.0.1:1',
    sampler: 'parentbased_always_on',
    ratio: 1,
    log: pino({ level: 'silent' }),
    ...options,
  });
  try {
    await work();
  } finally {
    await tracing.stop();
  }
  return existsSync(path) ? readSpans(path) : [];
}

test('where nobody records, a span is the trace parent that came', async () => {
  for (const parent of [sampled, unsampled, undefined]) {
    for (const span of [startSpan('a', { parent }), enterTrace('a', { parent, ...edge })]) {
      assert.is(span.traceparent, parent);
      assert.not.ok(span.isRecorded);
      span.end();
    }
  }
  assert.is(await traceEach('a', [{ traceparent: sampled }], async () => 7), 7);
});

test('spans of a trace follow one another, with kind, times, attributes, failure', async () => {
  const spans = await recorded(() => {
    const first = enterTrace('first', { parent: sampled, ...server });
    const second = startSpan('second', {
      parent: first.traceparent,
      startMs: 1_700_000_000_000.25,
    });
    second.end({
      endMs: 1_700_000_000_002.5,
      error: new RangeError('secret'),
      attributes: { count: 3 },
    });
    first.end();
  });
  const [second, first] = spans;
  assert.equal([first?.name, first?.kind, first?.service], ['first', 'server', 'test']);
  assert.is(first?.parentSpanId, 'b7ad6b7169203331');
  assert.is(second?.parentSpanId, first?.spanId);
  assert.equal([first?.traceId, second?.traceId], [traceId, traceId]);
  assert.equal([second?.startMs, second?.endMs], [1_700_000_000_000.25, 1_700_000_000_002.5]);
  assert.equal(second?.attributes, { count: 3, 'error.type': 'RangeError' });
  assert.equal([first?.failed, second?.failed], [false, true]);
});

test('a trace that is not sampled is passed on and costs no span', async () => {
  let passedOn: (string | undefined)[] = [];
  const spans = await recorded(async () => {
    passedOn = [
      enterTrace('a', { parent: unsampled, ...server }).traceparent,
      startSpan('b', { parent: unsampled }).traceparent,
      startSpan('c', { parent: undefined }).traceparent,
    ];
    await traceEach('d', [{ traceparent: unsampled }, {}], async () => {});
  });
  assert.equal(spans, []);
  assert.equal(traceIds(passedOn[0]).trace_id, traceId);
  assert.not.ok(isSampled(passedOn[0]));
  assert.equal(passedOn.slice(1), [unsampled, undefined]);
});

test('a request without a trace begins one, recorded or not by the sampler', async () => {
  const roots: (string | undefined)[] = [];
  const begin = () => roots.push(enterTrace('root', { parent: undefined, ...server }).traceparent);
  await recorded(begin, { sampler: 'parentbased_traceidratio', ratio: 0 });
  await recorded(begin, { sampler: 'parentbased_traceidratio', ratio: 1 });
  await recorded(begin, { sampler: 'always_off' });
  assert.equal(roots.map(isSampled), [false, true, false]);
  assert.is(new Set(roots.map((root) => traceIds(root).trace_id)).size, 3);
});

test('a stranger keeps the id of his trace and does not decide what is recorded', async () => {
  const enter = (parent: string) => enterTrace('edge', { parent, ...edge });
  // An id of which every ratio but 0 takes each trace.
  const lucky = '00-00000001000000010000000100000001-b7ad6b7169203331-01';
  const results: boolean[] = [];
  await recorded(
    () => {
      for (let index = 0; index < 2_000; index += 1) {
        const { traceparent } = enter(lucky);
        assert.is(traceIds(traceparent).trace_id, traceIds(lucky).trace_id);
        results.push(isSampled(traceparent));
      }
    },
    { sampler: 'parentbased_traceidratio', ratio: 0.1 },
  );
  const share = results.filter(Boolean).length / results.length;
  assert.ok(share > 0.05 && share < 0.2, `${share} of a tenth`);
  await recorded(() => assert.ok(isSampled(enter(unsampled).traceparent)));
});

test('a batch is one piece of work in each of its sampled traces', async () => {
  const spans = await recorded(async () => {
    const batcher = new Batcher<number, number>({
      name: 'test',
      run: async (items) => items,
      sizeMax: 10,
      queueMax: 10,
    });
    const other = sampled.replace('b7ad', 'a8be');
    const traceparents = [sampled, unsampled, undefined, other];
    await Promise.all(
      traceparents.map((traceparent, item) => batcher.submit(item, { traceparent })),
    );
    const failing = async () => Promise.reject(new TypeError('no'));
    await traceEach('failing', [{ traceparent: sampled }], failing).catch(() => {});
  });
  const batch = spans.filter(({ name }) => name === 'batch test');
  assert.equal(batch.map(({ parentSpanId }) => parentSpanId).toSorted(), [
    'a8be6b7169203331',
    'b7ad6b7169203331',
  ]);
  assert.equal(batch[0]!.attributes, { 'purser.batch.items': 4 });
  assert.is(batch[0]!.startMs, batch[1]!.startMs);
  assert.ok(spans.find(({ name }) => name === 'failing')?.failed);
});

test('a delivery is traced through the stream, its effects below its processing', async () => {
  const delivery: Delivery = {
    eventId: '01890000-0000-7000-8000-000000000001',
    type: 'purser.orders.v1.PaymentRequested',
    about: 'orders/1',
    subject: 'purser.v1.orders.payment_requested.x',
    payload: new Uint8Array(),
    time: new Date(),
    traceparent: sampled,
    deliveries: 2,
    // By a clock that is an hour ahead.
    streamed: { sequence: 7n, time: new Date(Date.now() + 3_600_000) },
  };
  const quiet = { ...delivery, traceparent: unsampled };
  let handled: (string | undefined)[] = [];
  const spans = await recorded(async () => {
    await traceDeliveries([delivery, quiet], 'test', async (batch) => {
      handled = batch.map(({ traceparent }) => traceparent);
    });
    const failing = async () => Promise.reject(new TypeError('no'));
    await traceDeliveries([delivery], 'test', failing).catch(() => {});
  });
  const [stream, processing, , failed] = spans;
  assert.equal(
    spans.map(({ name }) => name.split(' ')[0]),
    ['stream', 'process', 'stream', 'process'],
  );
  assert.is(stream!.parentSpanId, 'b7ad6b7169203331');
  assert.is(stream!.startMs, stream!.endMs, 'a clock that is ahead makes no negative time');
  assert.is(processing!.parentSpanId, stream!.spanId);
  assert.equal(handled, [`00-${traceId}-${processing!.spanId}-01`, unsampled]);
  assert.is(processing!.attributes['purser.stream.sequence'], 7);
  assert.is(processing!.attributes['messaging.batch.message_count'], 2);
  assert.equal([processing!.failed, failed!.failed], [false, true]);
});

test('sends spans to a collector as OTLP over HTTP; one that is away delays no stop', async () => {
  const requests: { url: string | undefined; body: string }[] = [];
  const collector = createServer((request: IncomingMessage, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      requests.push({ url: request.url, body });
      response.end('{}');
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  const { port } = collector.address() as AddressInfo;
  const work = () => startSpan('sent', { parent: sampled }).end();
  const target = { to: 'otlp' } as const;
  // The exporter tries again for that long, also when nobody waits for it any more.
  process.env['OTEL_EXPORTER_OTLP_TIMEOUT'] = '1000';
  await recorded(work, { target, endpoint: `http://127.0.0.1:${port}/` });
  assert.is(requests[0]?.url, '/v1/traces');
  const [{ scopeSpans, resource }] = JSON.parse(requests[0]!.body).resourceSpans;
  assert.is(scopeSpans[0].spans[0].name, 'sent');
  assert.match(JSON.stringify(resource), /"service.version".*"1.2.3"/);
  collector.closeAllConnections();
  collector.close();
  const startedMs = performance.now();
  await recorded(work, { target, endpoint: `http://127.0.0.1:${port}` });
  assert.ok(performance.now() - startedMs < 3_000);
});

test.run();
