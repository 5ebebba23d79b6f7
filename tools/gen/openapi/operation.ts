import type { HttpBinding } from '../http-rule.ts';
import { isSetByCaller } from '../model.ts';
import type { Rpc } from '../model.ts';
import type { Options } from '../options.ts';
import { shapeOf } from '../shape.ts';
import type { Errors } from './errors.ts';
import { exampleOfField, exampleOfMessage } from './examples.ts';
import { defined, uncapitalized } from './json.ts';
import type { Json } from './json.ts';
import { parametersOf } from './parameters.ts';
import { probeIds } from './probes.ts';
import type { Schemas } from './schemas.ts';
import { restCommentOf } from './rest-comment.ts';

export interface Parts {
  schemas: Schemas;
  errors: Errors;
  options: Options;
  /** Names of RPCs that more than one service has. */
  ambiguous: ReadonlySet<string>;
}

/** An RPC as an operation of OpenAPI. */
export function operationOf(rpc: Rpc, http: HttpBinding, parts: Parts): Json {
  const { method } = rpc;
  const { schemas, errors, options } = parts;
  const { summary, rest } = restCommentOf(method);
  const parameters = parametersOf(http, schemas, options);
  return defined({
    operationId: operationIdOf(rpc, parts.ambiguous),
    summary: summary === '' ? method.name : summary,
    description: rest === '' ? undefined : rest,
    tags: [tagOf(rpc)],
    security: rpc.access === 'operator' ? [{ operatorKey: [] }] : undefined,
    parameters: parameters.length === 0 ? undefined : parameters,
    requestBody: requestBody(rpc, http, parts),
    responses: { ...success(rpc, parts), ...errors.responsesOf(rpc) },
  });
}

/** `createOrder`; with its service where another has an RPC of the same name, or a probe. */
function operationIdOf({ method, service }: Rpc, ambiguous: ReadonlySet<string>): string {
  const id = uncapitalized(method.name);
  return ambiguous.has(method.name) || probeIds.includes(id)
    ? `${uncapitalized(service.name)}${method.name}`
    : id;
}

/** `OrderService` → `Order` */
export function tagOf({ service }: Rpc): string {
  return service.name.replace(/Service$/, '');
}

function requestBody({ method }: Rpc, http: HttpBinding, parts: Parts): Json | undefined {
  const { schemas, options } = parts;
  if (http.body === undefined) {
    return undefined;
  }
  const isWhole = http.body !== '*';
  const members = http.body === '*' ? http.members : (shapeOf(http.body).message?.fields ?? []);
  const required = http.body === '*' ? http.members : [http.body];
  const example =
    http.body === '*'
      ? exampleOfMessage(members, 'input', options)
      : (exampleOfField(http.body, options) ?? exampleOfMessage(members, 'input', options));
  const isComplete = members
    .filter((field) => isSetByCaller(field, options) && options.has(field, 'REQUIRED'))
    .every((field) => Object.hasOwn(example as Json, field.jsonName));
  const schema = isWhole
    ? schemas.value(http.body as never, 'input')
    : schemas.named(`${method.name}Body`, http.members, method.input);
  return defined({
    required: required.some((field) => options.has(field, 'REQUIRED')) ? true : undefined,
    content: {
      'application/json': defined({ schema, example: isComplete ? example : undefined }),
    },
  });
}

function success({ method }: Rpc, { schemas, options }: Parts): Record<string, Json> {
  const { output } = method;
  const status = method.name.startsWith('Create') ? 201 : 200;
  const hasTag = output.fields.some(
    (field) =>
      field.name === 'etag' && shapeOf(field).kind === 'string' && !shapeOf(field).repeated,
  );
  const { summary } = restCommentOf(output);
  const example = exampleOfMessage(output.fields, 'output', options);
  const isEmpty = output.fields.length > 0 && Object.keys(example).length === 0;
  return {
    [status]: {
      description: summary === '' ? 'The answer.' : `${summary}.`,
      headers: defined({
        'X-Request-Id': { $ref: '#/components/headers/RequestId' },
        ETag: hasTag ? { $ref: '#/components/headers/ETag' } : undefined,
      }),
      content: {
        'application/json': defined({
          schema: schemas.refer(output, 'output'),
          example: isEmpty ? undefined : example,
        }),
      },
    },
  };
}
