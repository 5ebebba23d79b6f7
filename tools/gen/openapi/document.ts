import type { DescFile } from '@bufbuild/protobuf';
import packageJson from '../../../package.json' with { type: 'json' };
import type { Model } from '../model.ts';
import type { Options } from '../options.ts';
import * as edge from './edge.ts';
import { Errors } from './errors.ts';
import type { Json } from './json.ts';
import { operationOf, tagOf } from './operation.ts';
import { Schemas } from './schemas.ts';
import { probes } from './probes.ts';
import { restCommentOf } from './rest-comment.ts';

/** gen/openapi.json: every RPC with a google.api.http rule, and the gateway's own probes. */
export function openApiDocument(files: readonly DescFile[], model: Model, options: Options): Json {
  const rpcs = model.rpcs.filter(({ http }) => http !== undefined);
  const byName = Map.groupBy(rpcs, ({ method }) => method.name);
  const ambiguous = new Set([...byName].filter(([, same]) => same.length > 1).map(([it]) => it));
  const schemas = new Schemas([...new Set([...model.read, ...model.written])], model, options);
  const errors = new Errors(files, options);
  const paths: Record<string, Json> = {};
  for (const rpc of rpcs) {
    const { http } = rpc;
    if (http !== undefined) {
      const operation = operationOf(rpc, http, { schemas, errors, options, ambiguous });
      paths[http.path] = { ...paths[http.path], [http.httpMethod.toLowerCase()]: operation };
    }
  }
  const services = new Map(rpcs.map((rpc) => [tagOf(rpc), rpc.service]));
  const tags = [...services].map(([name, service]) => ({
    name,
    description: restCommentOf(service).text,
  }));
  return {
    openapi: '3.1.0',
    info: {
      title: edge.title,
      version: packageJson.version,
      description: edge.introduction,
      license: { name: packageJson.license, identifier: packageJson.license },
    },
    servers: [{ url: '/' }],
    security: [{ userId: [] }],
    tags: [...tags, { name: 'Probes', description: 'For whatever keeps the gateway running.' }],
    paths: { ...paths, ...probes(errors.probeResponses()) },
    components: {
      securitySchemes: {
        userId: edge.securityScheme,
        ...(rpcs.some(({ access }) => access === 'operator') && {
          operatorKey: edge.operatorScheme,
        }),
      },
      headers: edge.headers,
      schemas: { ...sorted(schemas.components), Problem: edge.problemSchema },
      responses: sorted(errors.responses),
      examples: sorted(errors.examples),
    },
  };
}

function sorted<T>(members: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(members).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
