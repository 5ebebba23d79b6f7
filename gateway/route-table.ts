// Finds the operation behind a method and a path. Fastify's router is not used for this: it cannot
// have both `/v1/orders/{order}` and `/v1/orders/{order}:cancel`, and it decodes %2F inside a
// segment to a slash.
import { PurserError } from '#lib/errors/purser-error.ts';

export interface Operation {
  /** GET, POST … A GET answers HEAD too. */
  httpMethod: string;
  /** '/v1/orders/{order}', '/v1/account:topUp'. */
  path: string;
}

export type Match<O extends Operation> =
  | { kind: 'found'; operation: O; params: Record<string, string> }
  | { kind: 'wrong-method'; path: string; allow: string[] }
  | { kind: 'unknown' };

interface Node<O> {
  literals: Map<string, Node<O>>;
  parameter: Node<O> | undefined;
  /** By custom verb, '' where there is none, and then by HTTP method. */
  verbs: Map<string, Map<string, O>>;
}

const parameterPattern = /^\{([a-z][A-Za-z0-9]*)\}$/;

export class RouteTable<O extends Operation> {
  #root: Node<O> = newNode();

  /** Throws when two operations have the same method and path. */
  constructor(operations: Iterable<O>) {
    for (const operation of operations) this.#add(operation);
  }

  /**
   * The operation for a path as it stands in the request, still percent-encoded and without the
   * query.
   * Throws MALFORMED_HTTP when a parameter is not percent-encoded UTF-8.
   */
  match(httpMethod: string, rawPath: string): Match<O> {
    const segments = rawPath.split('/').slice(1);
    const found = rawPath.startsWith('/') ? find(this.#root, segments, []) : undefined;
    if (found === undefined) return { kind: 'unknown' };
    const { operations, values } = found;
    const operation = operations.get(httpMethod === 'HEAD' ? 'GET' : httpMethod);
    if (operation !== undefined) {
      const params = paramsOf(operation.path, values);
      return params === undefined ? { kind: 'unknown' } : { kind: 'found', operation, params };
    }
    const [first] = operations.values();
    return { kind: 'wrong-method', path: (first as O).path, allow: allowed(operations) };
  }

  #add(operation: O): void {
    const { segments, verb } = split(operation.path);
    let node = this.#root;
    for (const segment of segments) {
      if (parameterPattern.test(segment)) {
        node = node.parameter ??= newNode();
      } else {
        const next: Node<O> = node.literals.get(segment) ?? newNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    const operations = node.verbs.get(verb) ?? new Map<string, O>();
    if (operations.has(operation.httpMethod)) {
      throw new Error(`Two operations claim ${operation.httpMethod} ${operation.path}.`);
    }
    node.verbs.set(verb, operations.set(operation.httpMethod, operation));
  }
}

function newNode<O>(): Node<O> {
  return { literals: new Map(), parameter: undefined, verbs: new Map() };
}

interface Found<O> {
  operations: Map<string, O>;
  /** What the parameters matched, in their order, still encoded. */
  values: string[];
}

// Literals win over parameters, with a way back: /a/{x}/b is found although /a/b exists.
function find<O>(node: Node<O>, segments: string[], values: string[]): Found<O> | undefined {
  const [segment, ...rest] = segments;
  if (segment === undefined) return undefined;
  if (rest.length === 0) return findLast(node, segment, values);
  const literal = node.literals.get(segment);
  const found = literal && find(literal, rest, values);
  if (found !== undefined || node.parameter === undefined || segment === '') return found;
  return find(node.parameter, rest, [...values, segment]);
}

// Only here may a custom verb stand. A colon that begins no known verb belongs to the value.
function findLast<O>(node: Node<O>, segment: string, values: string[]): Found<O> | undefined {
  const { name, verb } = splitVerb(segment);
  const ways: [Node<O> | undefined, string, string[]][] = [
    [node.literals.get(name), verb, values],
    [node.parameter, verb, [...values, name]],
    [node.literals.get(segment), '', values],
    [node.parameter, '', [...values, segment]],
  ];
  for (const [next, wantedVerb, found] of ways) {
    const operations = next?.verbs.get(wantedVerb);
    if (operations !== undefined && found.at(-1) !== '') return { operations, values: found };
  }
  return undefined;
}

function split(path: string): { segments: string[]; verb: string } {
  const segments = path.split('/').slice(1);
  const { name, verb } = splitVerb(segments.pop() ?? '');
  return { segments: [...segments, name], verb };
}

function splitVerb(segment: string): { name: string; verb: string } {
  const colon = segment.lastIndexOf(':');
  if (colon === -1) return { name: segment, verb: '' };
  return { name: segment.slice(0, colon), verb: segment.slice(colon + 1) };
}

// A slash that arrives encoded would reach into the next segment of a resource name: no such path
// exists.
function paramsOf(template: string, values: string[]): Record<string, string> | undefined {
  const names = split(template).segments.flatMap(
    (segment) => parameterPattern.exec(segment)?.[1] ?? [],
  );
  const params: Record<string, string> = {};
  for (const [index, name] of names.entries()) {
    const value = decode(values[index] as string);
    if (value.includes('/')) return undefined;
    params[name] = value;
  }
  return params;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new PurserError('MALFORMED_HTTP', { cause: 'the path is not percent-encoded UTF-8' });
  }
}

function allowed<O>(operations: Map<string, O>): string[] {
  const methods = [...operations.keys()];
  if (methods.includes('GET')) methods.push('HEAD');
  return [...methods, 'OPTIONS'].toSorted();
}
