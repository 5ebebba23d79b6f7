// How a caller's request becomes path, query, body and headers. What it refuses is never sent: a
// name that is none would lead to another operation's path.
import type { Operation, Try } from './operation.ts';
import { invalid } from './purser-error.ts';

/** A request and the options of its call, by name. */
export type Request = Readonly<Record<string, unknown>>;

/** The part of a try that is the same for every try. */
export type WrittenRequest = Pick<Try, 'params' | 'query' | 'body' | 'ifMatch'>;

/** Throws INVALID_REQUEST when a name of a resource, or the etag, cannot be one. */
export function writeRequest(operation: Operation, request: Request): WrittenRequest {
  const { names = {}, query = [], body } = operation;
  const params: Record<string, string> = {};
  for (const [field, form] of Object.entries(names)) {
    Object.assign(params, takeApart(field, form, request[field]));
  }
  const parameters: Record<string, string | string[]> = {};
  for (const name of query) {
    const value = request[name];
    if (value === undefined) continue;
    parameters[name] = Array.isArray(value) ? value.map(parameterText) : parameterText(value);
  }
  const content =
    body === undefined || typeof body === 'string'
      ? body && request[body]
      : Object.fromEntries(body.map((name) => [name, request[name]]));
  return {
    params,
    query: parameters,
    body: content === undefined ? undefined : JSON.stringify(content, writeValue),
    ifMatch: operation.conditional ? checkHeader('etag', request['etag']) : undefined,
  };
}

/** The text when it can stand in a header: visible ASCII; undefined when it is empty or absent. */
export function checkHeader(field: string, value: unknown): string | undefined {
  if (value === undefined || value === '') return undefined;
  if (typeof value === 'string' && /^[!-~]{1,128}$/.test(value)) return value;
  throw invalid(field, 'must be 1 to 128 visible ASCII characters');
}

/** 'orders/123' of the form 'orders/{order}' is { order: '123' }. */
function takeApart(field: string, form: string, name: unknown): Record<string, string> {
  const forms = form.split('/');
  const parts = typeof name === 'string' ? name.split('/') : [];
  const fits = forms.every((each, index) =>
    each.startsWith('{') ? isId(parts[index] ?? '') : each === parts[index],
  );
  if (!fits || parts.length !== forms.length) throw invalid(field, `must be of the form ${form}`);
  return Object.fromEntries(
    forms.flatMap((each, index) =>
      each.startsWith('{') ? [[each.slice(1, -1), parts[index] as string]] : [],
    ),
  );
}

/** URLs drop the segments `.` and `..`, encoded or not, and have no place for half a character. */
function isId(text: string): boolean {
  return !/^\.{0,2}$|\p{Cs}/u.test(text);
}

function parameterText(value: unknown): string {
  return value instanceof Date ? value.toISOString() : String(value);
}

/** JSON.stringify has turned dates into RFC 3339 already. */
function writeValue(_name: string, value: unknown): unknown {
  if (typeof value === 'bigint') return String(value);
  if (value instanceof Uint8Array) return btoa(String.fromCharCode(...value));
  return value;
}
