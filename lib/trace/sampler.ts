import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  RandomIdGenerator,
  type Sampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';
import type { SamplerName } from './tracing-settings.ts';

export function samplerOf(name: SamplerName, ratio: number): Sampler {
  const root = rootOf(name, ratio);
  return name.startsWith('parentbased_') ? new ParentBasedSampler({ root }) : root;
}

/**
 * The sampler for requests of strangers: decides for each of them as if it had no parent. By an id
 * of its own, because a stranger may choose ids that a ratio always takes.
 */
export function edgeSampler(name: SamplerName, ratio: number): Sampler {
  const root = rootOf(name, ratio);
  const ids = new RandomIdGenerator();
  return {
    shouldSample: (context, _traceId, ...more) =>
      root.shouldSample(context, ids.generateTraceId(), ...more),
    toString: () => `Edge{${root.toString()}}`,
  };
}

function rootOf(name: SamplerName, ratio: number): Sampler {
  if (name.endsWith('always_on')) return new AlwaysOnSampler();
  if (name.endsWith('always_off')) return new AlwaysOffSampler();
  return new TraceIdRatioBasedSampler(ratio);
}
