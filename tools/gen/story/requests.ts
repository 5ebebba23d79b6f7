import type { Json } from '../openapi/json.ts';
import type { Chapter, Step } from './chapter.ts';

/** A step with what the OpenAPI document says of its operation. */
export interface StepRequest {
  step: Step;
  httpMethod: string;
  /** From the slash on, with variables, without the query. */
  path: string;
  headers: [name: string, value: string][];
  body: unknown;
  /** What it may answer with. */
  statuses: number[];
  /** Summary and description of the operation. */
  description: string;
}

export interface ToldChapter {
  title: string;
  requests: StepRequest[];
}

interface Operation {
  operationId: string;
  summary: string;
  description?: string;
  security?: unknown[];
  parameters?: { name: string; in: string; example?: string }[];
  responses?: Record<string, unknown>;
  requestBody?: { content: { 'application/json': { example?: unknown } } };
}

interface Place {
  httpMethod: string;
  path: string;
  operation: Operation;
}

/**
 * The story as requests, and after it, from their examples, the operations that it does not tell
 * of. Undefined where the document has none of its operations, which is then of other contracts.
 * Throws when the story tells of an operation that does not exist.
 */
export function tell(story: readonly Chapter[], document: Json): ToldChapter[] | undefined {
  const places = placesOf(document);
  const steps = story.flatMap((chapter) => chapter.steps);
  const told = new Set(steps.map(({ operation }) => operation));
  if (![...told].some((operation) => places.has(operation) && !isProbe(places, operation))) {
    return undefined;
  }
  const saved = new Set(steps.flatMap(({ save }) => Object.keys(save ?? {})));
  const further = [...places.values()]
    .filter(({ operation }) => !told.has(operation.operationId) && !isForOperators(operation))
    .map(({ operation }) => exampleStep(operation, saved));
  checkTitles([...steps, ...further]);
  const rest = further.length > 0 ? [{ title: 'Further operations', steps: further }] : [];
  return [...story, ...rest].map(({ title, steps: own }) => ({
    title,
    requests: own.map((step) => requestOf(step, places)),
  }));
}

/** The operation's own examples; a parameter that the story knows has the story's value. */
function exampleStep(operation: Operation, saved: ReadonlySet<string>): Step {
  const { operationId, summary, parameters = [] } = operation;
  const path = parameters
    .filter((parameter) => parameter.in === 'path')
    .map(({ name, example = 'example' }) => [name, saved.has(name) ? `{{${name}}}` : example]);
  return { title: summary, operation: operationId, path: Object.fromEntries(path) };
}

function placesOf(document: Json): Map<string, Place> {
  const paths = Object.entries(document['paths'] as Record<string, Record<string, Operation>>);
  return new Map(
    paths.flatMap(([path, item]) =>
      Object.entries(item).map(([method, operation]) => [
        operation.operationId,
        { httpMethod: method.toUpperCase(), path, operation },
      ]),
    ),
  );
}

/** The story is a user's, who has no operator's key. */
function isForOperators({ security = [] }: Operation): boolean {
  return security.some((scheme) => Object.hasOwn(scheme as object, 'operatorKey'));
}

/** Operations without security are the gateway's own, under any contracts. */
function isProbe(places: ReadonlyMap<string, Place>, operation: string): boolean {
  return places.get(operation)?.operation.security?.length === 0;
}

function checkTitles(steps: readonly Step[]): void {
  const titles = new Set<string>();
  for (const { title } of steps) {
    if (titles.has(title)) {
      throw new Error(`Two steps of the story are called "${title}".`);
    }
    titles.add(title);
  }
}

function requestOf(step: Step, places: ReadonlyMap<string, Place>): StepRequest {
  const place = places.get(step.operation);
  if (place === undefined) {
    throw new Error(`The story tells of ${step.operation}, which no contract has.`);
  }
  const { httpMethod, operation } = place;
  const body = step.body ?? operation.requestBody?.content['application/json'].example;
  const isNamed = step.anonymous !== true && !isProbe(places, step.operation);
  const path = place.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = step.path?.[name];
    if (value === undefined) {
      throw new Error(`The step "${step.title}" has no value for {${name}}.`);
    }
    return value;
  });
  const { summary, description = '' } = operation;
  return {
    step,
    httpMethod,
    path,
    headers: [
      ...(isNamed ? [['X-User-Id', '{{user}}'] as [string, string]] : []),
      ...(body === undefined ? [] : [['Content-Type', 'application/json'] as [string, string]]),
      ...Object.entries(step.headers ?? {}),
    ],
    body,
    statuses: step.status === undefined ? documented(operation) : [step.status],
    description: `${summary}.\n\n${description}`.trim(),
  };
}

/** Statuses that the document lists, but those of our own faults. */
function documented({ responses = {} }: Operation): number[] {
  return Object.keys(responses)
    .map(Number)
    .filter((status) => status < 500);
}
