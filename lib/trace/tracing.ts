// Spans, for all of Purser. Until `recordWith` is given a recorder, which only a process with
// PURSER_TRACING does, the SDK of OpenTelemetry is not loaded, and a span is no more than the trace
// parent that it passes on.
import { isSampled } from './trace-parent.ts';

export type SpanKind = 'internal' | 'server' | 'client' | 'producer' | 'consumer';

export type Attributes = Record<string, string | number | boolean>;

export interface SpanOptions {
  kind?: SpanKind;
  /** W3C trace parent of what caused it. */
  parent: string | undefined;
  /** When it began, in milliseconds since the epoch; default: now. */
  startMs?: number | undefined;
  attributes?: Attributes;
}

export interface EndOptions {
  /** What went wrong, if anything. */
  error?: unknown;
  /** When it ended, in milliseconds since the epoch; default: now. */
  endMs?: number | undefined;
  attributes?: Attributes;
}

/** A piece of work of one trace. */
export interface Span {
  /** The trace parent of what this work causes; undefined outside of a trace. */
  readonly traceparent: string | undefined;
  /** Whether anybody will see it: what is only for its attributes can be spared when not. */
  readonly isRecorded: boolean;
  rename(name: string): void;
  end(options?: EndOptions): void;
}

export interface Recorder {
  /** A span of a trace whose parent is sampled. */
  start(name: string, options: SpanOptions): Span;
  /** The span with which a request enters the process; decides whether its trace is sampled. */
  enter(name: string, options: SpanOptions & { believesParent: boolean }): Span;
}

let recorder: Recorder | undefined;

/** Begins to record the spans of this process; with undefined it ends. */
export function recordWith(next: Recorder | undefined): void {
  recorder = next;
}

/** A span that nobody records. */
export class UnrecordedSpan implements Span {
  readonly traceparent: string | undefined;
  readonly isRecorded = false;

  constructor(traceparent: string | undefined) {
    this.traceparent = traceparent;
  }

  rename(): void {}

  end(): void {}
}

/**
 * Work inside of a trace. Recorded when the parent's flag says so; without a parent there is no
 * trace.
 */
export function startSpan(name: string, options: SpanOptions): Span {
  if (recorder === undefined || !isSampled(options.parent)) {
    return new UnrecordedSpan(options.parent);
  }
  return recorder.start(name, options);
}

/**
 * A request that enters the process, which begins a trace where its caller has none. A caller that
 * is not believed keeps the id of its trace, but what is recorded is decided here: else a stranger
 * could have everything recorded.
 */
export function enterTrace(name: string, options: SpanOptions & { believesParent: boolean }): Span {
  return recorder?.enter(name, options) ?? new UnrecordedSpan(options.parent);
}

/**
 * Does work that is one for many causes, such as a statement for a batch. Each cause whose trace is
 * sampled gets a span of its own below its parent, all with the same times; the others cost a look
 * at one character.
 */
export async function traceEach<T>(
  name: string,
  causes: readonly { readonly traceparent?: string | undefined }[],
  work: () => Promise<T>,
): Promise<T> {
  if (recorder === undefined) return work();
  const sampled = causes.filter(({ traceparent }) => isSampled(traceparent));
  if (sampled.length === 0) return work();
  const attributes = { 'purser.batch.items': causes.length };
  const startMs = nowMs();
  const spans = sampled.map(({ traceparent: parent }) =>
    startSpan(name, { parent, startMs, attributes }),
  );
  try {
    const result = await work();
    endAll(spans, { endMs: nowMs() });
    return result;
  } catch (error) {
    endAll(spans, { error, endMs: nowMs() });
    throw error;
  }
}

export function endAll(spans: readonly Span[], options: EndOptions): void {
  for (const span of spans) span.end(options);
}

let originMs = performance.timeOrigin;

/**
 * Milliseconds since the epoch, with microseconds behind the point: most spans are shorter than a
 * millisecond. The fine clock is set by the coarse one when they part, as after a sleep.
 */
export function nowMs(): number {
  const coarseMs = Date.now();
  const fineMs = originMs + performance.now();
  if (Math.abs(fineMs - coarseMs) <= 2) return fineMs;
  originMs += coarseMs - fineMs;
  return coarseMs;
}
