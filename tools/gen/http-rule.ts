import type { DescField, DescMethod } from '@bufbuild/protobuf';
import type { HeaderField } from './header-fields.ts';
import type { HttpRule, Options } from './options.ts';
import { shapeOf } from './shape.ts';

/** Part of a resource name in a path: text as it stands, or a path parameter. */
export type NamePart = { literal: string } | { parameter: string };

/** A field of the request that the path holds. */
export interface PathVariable {
  field: DescField;
  parts: NamePart[];
}

/** A google.api.http rule, understood. */
export interface HttpBinding {
  httpMethod: string;
  /** '/v1/orders/{order}:cancel' */
  path: string;
  variables: PathVariable[];
  /** '*' for all fields that nothing else holds; a field for it alone; undefined for no body. */
  body: '*' | DescField | undefined;
  /** Fields that are members of the body '*'. */
  members: DescField[];
  /** Fields that are query parameters. */
  query: DescField[];
  /** Fields that are headers. */
  headers: HeaderField[];
}

const httpMethods = ['get', 'post', 'put', 'patch', 'delete'];

/**
 * Understands the rule of a method with these header fields. Throws when it uses what the generator
 * does not know.
 */
export function readHttpRule(
  method: DescMethod,
  rule: HttpRule,
  headerFields: HeaderField[],
  options: Options,
): HttpBinding {
  const { case: verb = '', value: template } = rule.pattern;
  if (!httpMethods.includes(verb) || typeof template !== 'string') {
    throw new Error(`${method}: the http pattern "${verb}" is not supported`);
  }
  if (rule.additionalBindings.length > 0) {
    throw new Error(`${method}: additional_bindings are not supported`);
  }
  if (rule.responseBody !== '') {
    throw new Error(`${method}: response_body is not supported`);
  }
  if (verb === 'get' && rule.body !== '') {
    throw new Error(`${method}: a GET has no body`);
  }
  const { path, variables } = readTemplate(method, template, options);
  const body = readBody(method, rule.body);
  const inPath = variables.map(({ field }) => field);
  const headers = headerFields.filter(({ field }) => !inPath.includes(field));
  const elsewhere = [...inPath, body, ...headers.map(({ field }) => field)];
  const rest = method.input.fields.filter((field) => !elsewhere.includes(field));
  const [members, query] = body === '*' ? [rest, []] : [[], rest];
  for (const field of query) {
    if (['message', 'struct'].includes(shapeOf(field).kind)) {
      throw new Error(`${field}: a message cannot be a query parameter`);
    }
  }
  return { httpMethod: verb.toUpperCase(), path, variables, body, members, query, headers };
}

function readBody(method: DescMethod, name: string): HttpBinding['body'] {
  if (name === '' || name === '*') {
    return name === '' ? undefined : name;
  }
  const field = fieldNamed(method, name);
  const { kind, repeated } = shapeOf(field);
  if (kind !== 'message' || repeated) {
    throw new Error(`${field}: only a message can be the body`);
  }
  return field;
}

/**
 * Reads 'path' of google.api.http: literals, `{field}`, `{field=orders/*}` and a `:verb` at the
 * end.
 */
function readTemplate(method: DescMethod, template: string, options: Options) {
  const verb = /:[a-z][A-Za-z0-9]*$/.exec(template)?.[0] ?? '';
  const main = template.slice(0, template.length - verb.length);
  const segments = main.match(/\{[^{}]*\}|[^/{}]+/g) ?? [];
  if (segments.length === 0 || main !== `/${segments.join('/')}`) {
    throw new Error(`${method}: the path "${template}" is not supported`);
  }
  const variables: PathVariable[] = [];
  const path = segments.map((segment) => {
    if (segment.startsWith('{')) {
      const variable = readVariable(method, segment.slice(1, -1), options);
      variables.push(variable);
      return variable.parts
        .map((part) => ('literal' in part ? part.literal : `{${part.parameter}}`))
        .join('/');
    }
    return checkLiteral(method, segment);
  });
  const parameters = variables.flatMap(({ parts }) => parts).filter((part) => 'parameter' in part);
  if (new Set(parameters.map(({ parameter }) => parameter)).size < parameters.length) {
    throw new Error(`${method}: two parameters of the path "${template}" would have one name`);
  }
  return { path: `/${path.join('/')}${verb}`, variables };
}

function readVariable(method: DescMethod, text: string, options: Options): PathVariable {
  const [name = '', pattern = '*'] = text.split('=');
  const field = fieldNamed(method, name);
  const shape = shapeOf(field);
  if (shape.kind !== 'string' || shape.repeated) {
    throw new Error(`${field}: only a string can be in the path`);
  }
  const segments = pattern.split('/');
  const names = parameterNames(field, segments, options);
  return {
    field,
    parts: segments.map((segment) =>
      segment === '*'
        ? { parameter: names.shift() ?? '' }
        : { literal: checkLiteral(method, segment) },
    ),
  };
}

/**
 * Names of the `*`: from the pattern of the resource that the field refers to, else the field's
 * own.
 */
function parameterNames(field: DescField, segments: string[], options: Options): string[] {
  const wildcards = segments.filter((segment) => segment === '*').length;
  const patterns = options.resourcePatterns(field);
  for (const pattern of patterns ?? []) {
    const parts = pattern.split('/');
    const names = parts.map((part) => /^\{([a-z0-9_]+)\}$/.exec(part)?.[1]);
    const matches = segments.every((segment, index) =>
      segment === '*' ? names[index] !== undefined : segment === parts[index],
    );
    if (matches && parts.length === segments.length) {
      return names.filter((name) => name !== undefined).map(toParameter);
    }
  }
  if (patterns !== undefined) {
    throw new Error(`${field}: no pattern of its resource fits "${segments.join('/')}"`);
  }
  if (wildcards > 1) {
    throw new Error(`${field}: several "*" need a google.api.resource_reference to name them`);
  }
  return [toParameter(field.name)];
}

function toParameter(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase());
}

function checkLiteral(method: DescMethod, segment: string): string {
  if (!/^[A-Za-z0-9._~-]+$/.test(segment)) {
    throw new Error(`${method}: "${segment}" in the path is not supported`);
  }
  return segment;
}

function fieldNamed(method: DescMethod, name: string): DescField {
  const field = method.input.fields.find((candidate) => candidate.name === name);
  if (field === undefined) {
    throw new Error(`${method}: the http rule names "${name}", no field of ${method.input}`);
  }
  return field;
}
