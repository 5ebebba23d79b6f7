import type { Json } from './json.ts';

/** Their operation ids; no RPC's operation may have one of them. */
export const probeIds: readonly string[] = ['checkAlive', 'checkReady'];

/** Operations that no contract has, with their error responses. */
export function probes(errors: Record<string, Json>): Record<string, Json> {
  const probe = (options: Probe) => probeOf(options, errors);
  return {
    '/healthz': probe({
      operationId: 'checkAlive',
      summary: 'Whether the gateway is alive',
      ok: {
        description: 'It is.',
        properties: { alive: { type: 'boolean' } },
        example: { alive: true },
      },
    }),
    '/readyz': probe({
      operationId: 'checkReady',
      summary: 'Whether the gateway can work: Orders and Payments are serving',
      ok: readiness('It can; `degraded` when something else does not run.', {
        ready: true,
        degraded: true,
        checks: ['notifications', 'orders', 'payments', 'web'],
        failures: { notifications: 'failed' },
      }),
      unavailable: readiness('It cannot; `failures` says why.', {
        ready: false,
        degraded: false,
        checks: ['notifications', 'orders', 'payments', 'web'],
        failures: { orders: 'failed' },
      }),
    }),
  };
}

interface Probe {
  operationId: string;
  summary: string;
  ok: ProbeAnswer;
  unavailable?: ProbeAnswer;
}

interface ProbeAnswer {
  description: string;
  properties: Json;
  example: Json;
}

function readiness(description: string, example: Json): ProbeAnswer {
  const properties = {
    ready: { type: 'boolean' },
    degraded: {
      type: 'boolean',
      description: 'Orders are placed and paid, and something else does not run: see `failures`.',
    },
    checks: {
      type: 'array',
      description: 'The parts of the system that are asked, in the order of the alphabet.',
      items: { type: 'string' },
    },
    failures: {
      type: 'object',
      description: 'What is wrong, by part.',
      additionalProperties: { type: 'string', enum: ['failed', 'timeout', 'stopping'] },
    },
  };
  return { description, properties, example };
}

function probeOf(
  { operationId, summary, ok, unavailable }: Probe,
  errors: Record<string, Json>,
): Json {
  const answer = ({ description, properties, example }: ProbeAnswer) => ({
    description,
    headers: { 'X-Request-Id': { $ref: '#/components/headers/RequestId' } },
    content: {
      'application/json': {
        schema: { type: 'object', properties, required: Object.keys(properties) },
        example,
      },
    },
  });
  return {
    get: {
      operationId,
      summary,
      tags: ['Probes'],
      security: [],
      responses: { ...errors, 200: answer(ok), ...(unavailable && { 503: answer(unavailable) }) },
    },
  };
}
