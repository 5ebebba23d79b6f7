/** Where the spans of a process go: the values of PURSER_TRACING. */
export type TracingTarget = { to: 'off' } | { to: 'otlp' } | { to: 'file'; path: string };

/** The values of OTEL_TRACES_SAMPLER that OpenTelemetry defines for every language. */
export const samplerNames = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

export type SamplerName = (typeof samplerNames)[number];
