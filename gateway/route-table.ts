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
  verbs: Map<string, Map<string, Entry<O>>>;
}

interface Entry<O> {
  operation: O;
  /** Names of its parameters, in the order of the path. */
  names: readonly string[];
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
    if (!rawPath.startsWith('/')) return { kind: 'unknown' };
    const found = find(this.#root, { segments: rawPath.split('/'), at: 1, values: [] });
    if (found === undefined) return { kind: 'unknown' };
    const { entries, values } = found;
    const entry = entries.get(httpMethod === 'HEAD' ? 'GET' : httpMethod);
    if (entry !== undefined) {
      const params = paramsOf(entry.names, values);
      if (params === undefined) return { kind: 'unknown' };
      return { kind: 'found', operation: entry.operation, params };
    }
    const [first] = entries.values();
    return { kind: 'wrong-method', path: first!.operation.path, allow: allowed(entries) };
  }

  #add(operation: O): void {
    const { segments, verb } = split(operation.path);
    const names: string[] = [];
    let node = this.#root;
    for (const segment of segments) {
      const name = parameterPattern.exec(segment)?.[1];
      if (name !== undefined) {
        names.push(name);
        node = node.parameter ??= newNode();
      } else {
        const next: Node<O> = node.literals.get(segment) ?? newNode();
        node.literals.set(segment, next);
        node = next;
      }
    }
    const entries = node.verbs.get(verb) ?? new Map<string, Entry<O>>();
    if (entries.has(operation.httpMethod)) {
      throw new Error(`Two operations claim ${operation.httpMethod} ${operation.path}.`);
    }
    node.verbs.set(verb, entries.set(operation.httpMethod, { operation, names }));
  }
}

function newNode<O>(): Node<O> {
  return { literals: new Map(), parameter: undefined, verbs: new Map() };
}

interface Found<O> {
  entries: Map<string, Entry<O>>;
  /** What the parameters matched, in their order, still encoded. */
  values: readonly string[];
}

/** A path on its way through the tree: the segments before `at` are matched. */
interface Walk {
  segments: readonly string[];
  at: number;
  values: readonly string[];
}

// Literals win over parameters, with a way back: /a/{x}/b is found although /a/b exists.
function find<O>(node: Node<O>, { segments, at, values }: Walk): Found<O> | undefined {
  const segment = segments[at] as string;
  if (at === segments.length - 1) return findLast(node, segment, values);
  const literal = node.literals.get(segment);
  const found = literal && find(literal, { segments, at: at + 1, values });
  if (found !== undefined || node.parameter === undefined || segment === '') return found;
  return find(node.parameter, { segments, at: at + 1, values: [...values, segment] });
}

// Only here may a custom verb stand. A colon that begins no known verb belongs to the value.
function findLast<O>(
  node: Node<O>,
  segment: string,
  values: readonly string[],
): Found<O> | undefined {
  const { name, verb } = splitVerb(segment);
  const { literals, parameter } = node;
  return (
    entriesOf(literals.get(name), verb, values) ??
    entriesOf(parameter, verb, values, name) ??
    entriesOf(literals.get(segment), '', values) ??
    entriesOf(parameter, '', values, segment)
  );
}

/** `last` is what a parameter matches with the last segment; it must not be empty. */
function entriesOf<O>(
  node: Node<O> | undefined,
  verb: string,
  values: readonly string[],
  last?: string,
): Found<O> | undefined {
  const entries = node?.verbs.get(verb);
  if (entries === undefined || last === '') return undefined;
  return { entries, values: last === undefined ? values : [...values, last] };
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
function paramsOf(
  names: readonly string[],
  values: readonly string[],
): Record<string, string> | undefined {
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

function allowed(entries: ReadonlyMap<string, unknown>): string[] {
  const methods = [...entries.keys()];
  if (methods.includes('GET')) methods.push('HEAD');
  return [...methods, 'OPTIONS'].toSorted();
}
