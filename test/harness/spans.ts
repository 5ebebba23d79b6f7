import { readFileSync } from 'node:fs';

/** A span as PURSER_TRACING=file:… wrote it. */
export interface TracedSpan {
  /** Without the prefix `purser-`. */
  service: string;
  traceId: string;
  spanId: string;
  parentSpanId: string | undefined;
  name: string;
  kind: string;
  startMs: number;
  endMs: number;
  attributes: Record<string, unknown>;
  failed: boolean;
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];

/** All spans of a file with lines of OTLP's JSON. */
export function readSpans(file: string): TracedSpan[] {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  return lines.flatMap((line) =>
    JSON.parse(line).resourceSpans.flatMap(({ resource, scopeSpans }: any) => {
      const service = String(attributesOf(resource)['service.name']).replace('purser-', '');
      return scopeSpans.flatMap(({ spans }: any) =>
        spans.map((span: any) => readSpan(service, span)),
      );
    }),
  );
}

function readSpan(service: string, span: any): TracedSpan {
  const { traceId, spanId, parentSpanId, name } = span;
  return {
    service,
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: kinds[span.kind]!,
    startMs: Number(span.startTimeUnixNano) / 1e6,
    endMs: Number(span.endTimeUnixNano) / 1e6,
    attributes: attributesOf(span),
    failed: span.status?.code === 2,
  };
}

function attributesOf({ attributes }: any): Record<string, unknown> {
  return Object.fromEntries(
    attributes.map(({ key, value }: any) => [key, Object.values(value)[0]] as const),
  );
}
