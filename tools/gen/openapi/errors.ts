import type { DescEnumValue, DescFile } from '@bufbuild/protobuf';
import { problemTitle, problemType } from '#lib/errors/problem-text.ts';
import { httpStatusOf, readCatalogue } from '../emit-tables.ts';
import type { Rpc } from '../model.ts';
import type { ErrorOption, Options } from '../options.ts';
import { bodyReasons, callReasons, grpcReasons, requestIdExample, requestReasons } from './edge.ts';
import { violationsExample } from './edge.ts';
import type { EdgeReason } from './edge.ts';
import { defined } from './json.ts';
import type { Json } from './json.ts';
import { restCommentOf } from './rest-comment.ts';

interface CatalogueEntry {
  value: DescEnumValue;
  error: ErrorOption;
}

/** The error responses of operations, which many share, and their examples. */
export class Errors {
  readonly responses: Record<string, Json> = {};
  readonly examples: Record<string, Json> = {};
  readonly #catalogue: ReadonlyMap<string, CatalogueEntry>;

  constructor(files: readonly DescFile[], options: Options) {
    const entries = readCatalogue(files, options);
    this.#catalogue = new Map(entries.map(([value, error]) => [value.name, { value, error }]));
  }

  /**
   * References to the responses by status. Throws when the comments of the RPC and its service name
   * a reason that does not exist, or none at all: whoever calls it has to know what may go wrong.
   */
  responsesOf(rpc: Rpc): Record<string, Json> {
    const named = [rpc.method, rpc.service].flatMap((desc) => restCommentOf(desc).reasons);
    const unknown = named.find((reason) => !this.#catalogue.has(reason));
    if (unknown !== undefined) {
      throw new Error(`${rpc.method}: the error ${unknown} that a comment names does not exist`);
    }
    if (named.length === 0 && this.#catalogue.size > 0) {
      throw new Error(`${rpc.method}: neither its comment nor its service's names any error`);
    }
    return this.#byStatus([
      ...named.filter((reason) => !grpcReasons.includes(reason)).map((reason) => ({ reason })),
      ...requestReasons,
      ...callReasons,
      ...(rpc.http?.body === undefined ? [] : bodyReasons),
    ]);
  }

  /** The same for what the gateway answers itself, to requests without a body. */
  probeResponses(): Record<string, Json> {
    return this.#byStatus([{ reason: 'INVALID_REQUEST' }, ...requestReasons]);
  }

  #byStatus(reasons: readonly EdgeReason[]): Record<string, Json> {
    const entries = reasons.flatMap(({ reason, status }) => {
      const entry = this.#catalogue.get(reason);
      return entry === undefined ? [] : [{ ...entry, status: status ?? httpStatusOf(entry.error) }];
    });
    const responses: Record<string, Json> = {};
    // In the order of the statuses, since they are integers.
    for (const [status, found] of Map.groupBy(entries, (entry) => Number(entry.status))) {
      responses[status] = this.#refer(status, [
        ...new Map(found.map((it) => [it.value, it])).values(),
      ]);
    }
    return responses;
  }

  #refer(status: number, entries: CatalogueEntry[]): Json {
    const usual = entries.every(({ error }) => httpStatusOf(error) === status);
    const names = entries.map(({ value }) => value.name).join('-or-');
    const name = `${names}${usual ? '' : `_${status}`}`;
    this.responses[name] ??= this.#response(status, entries);
    return { $ref: `#/components/responses/${name}` };
  }

  #response(status: number, entries: CatalogueEntry[]): Json {
    const reasons = entries.map(({ value }) => value.name);
    const lines = entries.map(({ value }) => `- \`${value.name}\`: ${restCommentOf(value).text}`);
    const examples = entries.map(({ value, error }) => [
      value.name,
      { $ref: `#/components/examples/${this.#example(value, error, status)}` },
    ]);
    const mayRetry = entries.every(({ error }) => error.retryable);
    return {
      description: lines.join('\n'),
      headers: defined({
        'X-Request-Id': { $ref: '#/components/headers/RequestId' },
        'Retry-After': mayRetry ? { $ref: '#/components/headers/RetryAfter' } : undefined,
      }),
      content: {
        'application/problem+json': {
          schema: {
            $ref: '#/components/schemas/Problem',
            properties: { status: { const: status }, reason: { enum: reasons } },
          },
          examples: Object.fromEntries(examples),
        },
      },
    };
  }

  /** The name of the example, which is made when something refers to it first. */
  #example(value: DescEnumValue, error: ErrorOption, status: number): string {
    const usual = httpStatusOf(error);
    const name = status === usual ? value.name : `${value.name}_${status}`;
    this.examples[name] ??= {
      summary: problemTitle(value.name),
      value: problemOf(value, error, status),
    };
    return name;
  }
}

/** The problem as gateway/problem.ts writes it. */
function problemOf({ name }: DescEnumValue, error: ErrorOption, status: number): Json {
  const metadata = Object.fromEntries(
    error.metadata.map((key, index) => [key, error.metadataExamples[index] ?? key]),
  );
  return defined({
    type: problemType(name),
    title: problemTitle(name),
    status,
    detail: error.message.replaceAll(/\{(\w+)\}/g, (_, key: string) => metadata[key] ?? ''),
    instance: '/v1/orders',
    reason: name,
    requestId: requestIdExample,
    violations: name === 'INVALID_REQUEST' ? violationsExample : undefined,
    metadata: error.metadata.length === 0 ? undefined : metadata,
  });
}
