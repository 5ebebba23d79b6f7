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
  requestBody?: { content: { 'application/json': { example?: unknown } } };
}

interface Place {
  httpMethod: string;
  path: string;
  operation: Operation;
}

/**
 * The story as requests. Undefined where the document has none of its operations, which is then of
 * other contracts. Throws when the two do not fit: the story has to tell of every operation.
 */
export function tell(story: readonly Chapter[], document: Json): ToldChapter[] | undefined {
  const places = placesOf(document);
  const steps = story.flatMap((chapter) => chapter.steps);
  const told = new Set(steps.map(({ operation }) => operation));
  if (![...told].some((operation) => places.has(operation) && !isProbe(places, operation))) {
    return undefined;
  }
  const missing = [...places.keys()].filter((operation) => !told.has(operation));
  if (missing.length > 0) {
    throw new Error(`The story in tools/gen/story does not tell of ${missing.join(', ')}.`);
  }
  checkTitles(steps);
  return story.map(({ title, steps: own }) => ({
    title,
    requests: own.map((step) => requestOf(step, places)),
  }));
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
    description: `${summary}.\n\n${description}`.trim(),
  };
}
