// The recorder of a process that traces: the only file that loads OpenTelemetry, and loaded only
// when PURSER_TRACING says so. Its SDK costs about 30 MB of memory.
import {
  diag,
  DiagLogLevel,
  type Context,
  ROOT_CONTEXT,
  SpanKind as OtelSpanKind,
  type Span as OtelSpan,
  SpanStatusCode,
  trace,
  type Tracer,
} from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  BatchSpanProcessor,
  RandomIdGenerator,
  type Sampler,
  SamplingDecision,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { Logger } from '#lib/log/logger.ts';
import { FileExporter } from './file-exporter.ts';
import { edgeSampler, samplerOf } from './sampler.ts';
import { isSampled } from './trace-parent.ts';
import {
  type EndOptions,
  nowMs,
  type Recorder,
  recordWith,
  type Span,
  type SpanKind,
  type SpanOptions,
  UnrecordedSpan,
} from './tracing.ts';
import type { SamplerName, TracingTarget } from './tracing-settings.ts';

export interface TracingOptions {
  /** Domain of the process: `orders` becomes the service `purser-orders`. */
  service: string;
  /** Tells instances of one service apart. */
  instance: string;
  version: string;
  target: Exclude<TracingTarget, { to: 'off' }>;
  /** Where OTLP over HTTP is taken: `http://localhost:4318`. */
  endpoint: string;
  sampler: SamplerName;
  /** Share of traces, 0 to 1, for the samplers by ratio. */
  ratio: number;
  log: Logger;
}

/** Spans that wait to be exported; what comes beyond is dropped, and a warning says how much. */
const queueMax = 16_384;

/** How long a stop waits for the last spans to leave. */
const stopMs = 1_500;

/** One warning a minute is enough to say that a collector is away. */
const warnEveryMs = 60_000;

/** Begins to record; `stop` sends what is left, for at most 1.5 s. */
export function startTracing(options: TracingOptions): { stop(): Promise<void> } {
  const { service, instance, version, sampler, ratio, log } = options;
  logDiagnosticsTo(log);
  const processor = new BatchSpanProcessor({
    exporter: exporterOf(options),
    maxQueueSize: queueMax,
    scheduledDelayMillis: 500,
  });
  const ids = new GivenIds();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({
      'service.name': `purser-${service}`,
      'service.instance.id': instance,
      'service.version': version,
      'process.pid': process.pid,
    }),
    spanProcessors: [processor],
    idGenerator: ids,
    // Whether to record is decided before a span is made: most are not.
    sampler: new AlwaysOnSampler(),
  });
  const tracer = provider.getTracer('purser', version);
  const samplers = { inner: samplerOf(sampler, ratio), edge: edgeSampler(sampler, ratio) };
  recordWith(recorderOf(tracer, { ...samplers, ids }));
  return {
    async stop() {
      recordWith(undefined);
      const late = new Promise<void>((resolve) => setTimeout(resolve, stopMs).unref());
      await Promise.race([provider.shutdown().catch(() => {}), late]);
    },
  };
}

function exporterOf({ target, endpoint }: TracingOptions): SpanExporter {
  if (target.to === 'file') return new FileExporter(target.path);
  return new OTLPTraceExporter({ url: `${endpoint.replace(/\/$/, '')}/v1/traces` });
}

/** Gives a new trace the id by which it was sampled. */
class GivenIds extends RandomIdGenerator {
  #next: string | undefined;

  /** The id of the next trace that begins. */
  draw(): string {
    return (this.#next = super.generateTraceId());
  }

  override generateTraceId(): string {
    return this.#next ?? super.generateTraceId();
  }
}

function recorderOf(
  tracer: Tracer,
  { inner, edge, ids }: { inner: Sampler; edge: Sampler; ids: GivenIds },
): Recorder {
  const start = (name: string, options: SpanOptions): Span => {
    const { kind = 'internal', parent, startMs, attributes = {} } = options;
    const startTime = startMs ?? nowMs();
    const span = { kind: kinds[kind], startTime, attributes };
    return new RecordedSpan(tracer.startSpan(name, span, contextOf(parent)));
  };
  const enter: Recorder['enter'] = (name, options) => {
    const { kind = 'internal', parent, believesParent } = options;
    const traceId = parent?.slice(3, 35) ?? ids.draw();
    const sampler = believesParent ? inner : edge;
    const { decision } = sampler.shouldSample(
      contextOf(parent),
      traceId,
      name,
      kinds[kind],
      {},
      [],
    );
    if (decision === SamplingDecision.RECORD_AND_SAMPLED) return start(name, options);
    if (parent !== undefined && !isSampled(parent)) return new UnrecordedSpan(parent);
    return new UnrecordedSpan(`00-${traceId}-${ids.generateSpanId()}-00`);
  };
  return { start, enter };
}

const kinds: Record<SpanKind, OtelSpanKind> = {
  internal: OtelSpanKind.INTERNAL,
  server: OtelSpanKind.SERVER,
  client: OtelSpanKind.CLIENT,
  producer: OtelSpanKind.PRODUCER,
  consumer: OtelSpanKind.CONSUMER,
};

function contextOf(traceparent: string | undefined): Context {
  if (traceparent === undefined) return ROOT_CONTEXT;
  const [, traceId = '', spanId = '', flags = '00'] = traceparent.split('-');
  const traceFlags = Number.parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
}

class RecordedSpan implements Span {
  readonly traceparent: string;
  readonly isRecorded = true;
  readonly #span: OtelSpan;

  constructor(span: OtelSpan) {
    const { traceId, spanId, traceFlags } = span.spanContext();
    this.traceparent = `00-${traceId}-${spanId}-0${traceFlags & 1}`;
    this.#span = span;
  }

  rename(name: string): void {
    this.#span.updateName(name);
  }

  end({ error, endMs = nowMs(), attributes }: EndOptions = {}): void {
    if (attributes !== undefined) this.#span.setAttributes(attributes);
    if (error !== undefined) {
      this.#span.setAttribute('error.type', nameOf(error));
      this.#span.setStatus({ code: SpanStatusCode.ERROR });
    }
    this.#span.end(endMs);
  }
}

/**
 * The reason of an error of ours, else its name. No message: that may hold what a user sent, and
 * the log has it.
 */
function nameOf(error: unknown): string {
  const { reason, name } = error as { reason?: unknown; name?: unknown };
  return String(reason ?? name ?? 'Error');
}

function logDiagnosticsTo(log: Logger): void {
  let silentUntil = 0;
  const warn = (...parts: unknown[]) => {
    if (performance.now() < silentUntil) return;
    silentUntil = performance.now() + warnEveryMs;
    log.warn({ detail: parts.map(String).join(' ').slice(0, 1_000) }, 'spans are being lost');
  };
  const ignore = () => {};
  const logger = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore };
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true });
}
