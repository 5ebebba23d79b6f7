// W3C Trace Context in the one form that Purser passes on: the text of the header traceparent.

/** Version 00, without the identifiers of zeros that the standard forbids. */
export const traceparentPattern = /^00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/;

/** Whether whoever began the trace wants its spans recorded: the last bit of the flags. */
export function isSampled(traceparent: string | undefined): boolean {
  return traceparent !== undefined && (traceparent.charCodeAt(54) & 1) === 1;
}

/** The trace and the span as log lines name them; nothing outside of a trace. */
export function traceIds(traceparent: string | undefined): { trace_id?: string; span_id?: string } {
  if (traceparent === undefined || !traceparentPattern.test(traceparent)) return {};
  return { trace_id: traceparent.slice(3, 35), span_id: traceparent.slice(36, 52) };
}
