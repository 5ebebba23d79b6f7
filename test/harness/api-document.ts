// gen/openapi.json as tests use it: what it has, and whether what was sent and answered fits it.
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';

export interface Media {
  schema: { $ref?: string };
  example?: any;
  examples?: Record<string, { $ref: string }>;
}

export interface ApiResponse {
  headers?: Record<string, { $ref: string }>;
  content: Record<string, Media>;
}

export interface ApiOperation {
  httpMethod: string;
  path: string;
  operationId: string;
  parameters: { name: string; in: string; required?: boolean; example?: unknown }[];
  requestBody?: { required?: boolean; content: Record<string, Media> };
  responses: Record<string, ApiResponse>;
}

const file = resolve(import.meta.dirname, '../../gen/openapi.json');
export const apiDocument: any = JSON.parse(readFileSync(file, 'utf8'));

/** All operations, with the references to their responses followed. */
export const apiOperations: ApiOperation[] = Object.entries<any>(apiDocument.paths).flatMap(
  ([path, item]) =>
    Object.entries<any>(item).map(([method, operation]) => ({
      ...operation,
      httpMethod: method.toUpperCase(),
      path,
      parameters: operation.parameters ?? [],
      responses: Object.fromEntries(
        Object.entries<any>(operation.responses).map(([status, it]) => [status, follow(it)]),
      ),
    })),
);

/** What a reference of the document leads to; anything else as it is. */
export function follow(value: any): any {
  if (typeof value?.$ref !== 'string') return value;
  const steps = value.$ref.slice(2).split('/');
  return steps.reduce((at: any, step: string) => at[step], apiDocument);
}

export function apiOperation(operationId: string): ApiOperation {
  const found = apiOperations.find((operation) => operation.operationId === operationId);
  if (found === undefined) throw new Error(`The document has no operation ${operationId}.`);
  return found;
}

const ajv = new Ajv2020({ strict: false, allErrors: true });
formats.default(ajv);
ajv.addSchema(apiDocument, 'api');

function compile(schema: unknown) {
  return ajv.compile(JSON.parse(JSON.stringify(schema).replaceAll('"#/', '"api#/')));
}

/** Says of values whether they fit the schema. */
export function schemaCheck(schema: unknown): (value: unknown) => boolean {
  const validate = compile(schema);
  return (value) => validate(value);
}

/** What is wrong with the value, one sentence for each fault; empty when it fits the schema. */
export function schemaFaults(schema: unknown, value: unknown): string[] {
  const validate = compile(schema);
  if (validate(value)) return [];
  return (validate.errors ?? []).map(({ instancePath, message, params }) =>
    `${instancePath} ${message} ${JSON.stringify(params)}`.trim(),
  );
}

/** How an answer differs from what the document says of the operation. */
export async function answerFaults(
  { operationId, responses }: ApiOperation,
  answer: Response,
): Promise<string[]> {
  const described = responses[answer.status];
  if (described === undefined) return [`${operationId} has no response ${answer.status}`];
  const type = answer.headers.get('content-type')?.split(';')[0] ?? '';
  const media = described.content[type];
  if (media === undefined) return [`${operationId} ${answer.status} has no content ${type}`];
  const faults = schemaFaults(media.schema, await answer.json());
  for (const [name, reference] of Object.entries(described.headers ?? {})) {
    const header = follow(reference);
    const value = answer.headers.get(name);
    if (value === null && header.required) faults.push(`the header ${name} is missing`);
    if (value === null) continue;
    const read = header.schema.type === 'integer' ? Number(value) : value;
    faults.push(...schemaFaults(header.schema, read).map((fault) => `header ${name}: ${fault}`));
  }
  return faults;
}
