import type { DescEnumValue, DescFile, DescMethod } from '@bufbuild/protobuf';
import type { Model, Rpc } from './model.ts';
import { createModule } from './module.ts';
import type { Module } from './module.ts';
import {
  inputPathName,
  inputReaderName,
  jsonPath,
  messagesPath,
  quoted,
  readerName,
  validatePath,
  validatorName,
  writerName,
} from './names.ts';
import type { ErrorOption, Options } from './options.ts';
import { shapeOf, typeName } from './shape.ts';

const types = '#lib/contract/types.ts';

/** gen/methods.ts: every RPC by its path on the wire. */
export function emitMethods({ rpcs }: Model): Module {
  const module = createModule('methods.ts');
  module.declare(['methods', 'Methods']);
  const method = module.type('Method', types);
  const rows = rpcs.map((rpc) => {
    const { input, output } = rpc.method;
    const request = module.type(typeName(input), messagesPath(input.file));
    const response = module.type(typeName(output), messagesPath(output.file));
    return `  '${wirePath(rpc)}': ${method}<${request}, ${response}>;`;
  });
  module.add(`/** The methods by path; any other path may be undefined. */
export interface Methods {
  [path: string]: ${method};
${rows.join('\n')}
}`);
  module.add(`export const methods: Methods = {
${rpcs.map((rpc) => methodEntry(module, rpc)).join('\n')}
};`);
  return module;
}

function wirePath({ service, method }: Rpc): string {
  return `/${service.typeName}/${method.name}`;
}

function methodEntry(module: Module, rpc: Rpc): string {
  const { readOnly, idempotent, keyed } = rpc;
  return `  '${wirePath(rpc)}': {
${identity(module, rpc)}
    readOnly: ${readOnly},
    idempotent: ${idempotent},
    keyed: ${keyed},
  },`;
}

/** gen/streams.ts: every RPC that answers with a stream, by its path on the wire. */
export function emitStreams({ streams }: Model): Module {
  const module = createModule('streams.ts');
  module.declare(['streams', 'Streams']);
  if (streams.length === 0) {
    return module;
  }
  const stream = module.type('Stream', types);
  const rows = streams.map((rpc) => {
    const { input, output } = rpc.method;
    const request = module.type(typeName(input), messagesPath(input.file));
    const response = module.type(typeName(output), messagesPath(output.file));
    return `  '${wirePath(rpc)}': ${stream}<${request}, ${response}>;`;
  });
  module.add(`/** The streams by path; any other path may be undefined. */
export interface Streams {
  [path: string]: ${stream};
${rows.join('\n')}
}`);
  module.add(`export const streams: Streams = {
${streams.map((rpc) => streamEntry(module, rpc)).join('\n')}
};`);
  return module;
}

function streamEntry(module: Module, rpc: Rpc): string {
  const { input, output } = rpc.method;
  const read = module.value(readerName(input), jsonPath(input.file));
  return `  '${wirePath(rpc)}': {
${identity(module, rpc)}
    read: (value, violations) => ${read}(value, '', violations),
    write: ${module.value(writerName(output), jsonPath(output.file))},
  },`;
}

/** What calls and streams have in common. */
function identity(module: Module, rpc: Rpc): string {
  const { service, method, domain, access } = rpc;
  const definitions = module.value(`${service.name}Service`, messagesPath(service.file));
  const strict = module.value('withStrictText', '#lib/contract/strict-text.ts');
  const definition = `${method.name.slice(0, 1).toLowerCase()}${method.name.slice(1)}`;
  const validate = module.value(validatorName(method.input), validatePath(method.input.file));
  return `    path: '${wirePath(rpc)}',
    service: '${service.typeName}',
    name: '${method.name}',
    domain: '${domain}',
    access: '${access}',
    definition: ${strict}(${definitions}.${definition}),
    validate: (request) => ${validate}(request),`;
}

/** gen/routes.ts: every RPC with a google.api.http rule. */
export function emitRoutes({ rpcs }: Model): Module {
  const module = createModule('routes.ts');
  module.declare(['routes']);
  const route = module.type('Route', types);
  module.add(`export const routes: ${route}[] = [
${rpcs.flatMap((rpc) => routeEntry(module, rpc)).join('\n')}
];`);
  return module;
}

function routeEntry(module: Module, rpc: Rpc): string[] {
  const { http, method, service } = rpc;
  if (http === undefined) {
    return [];
  }
  const from = jsonPath(service.file);
  return [
    `  {
    httpMethod: '${http.httpMethod}',
    path: '${http.path}',
    method: ${module.value('methods', 'methods.ts')}['${wirePath(rpc)}'],
    status: ${method.name.startsWith('Create') ? 201 : 200},
    hasBody: ${http.body !== undefined},
    conditional: ${http.headers.some(({ name }) => name === 'etag')},
    read: ${module.value(inputReaderName(rpc), from)},
    write: ${module.value(writerName(method.output), jsonPath(method.output.file))},
    etag: ${etagFunction(module, method)},
    jsonPath: ${module.value(inputPathName(rpc), from)},
  },`,
  ];
}

/** The function that gives the etag of a response, '' where the response has no such text. */
function etagFunction(module: Module, { output }: DescMethod): string {
  const field = output.fields.find(({ name }) => name === 'etag');
  const shape = field && shapeOf(field);
  if (shape?.kind !== 'string' || shape.repeated) {
    return "() => ''";
  }
  const type = module.type(typeName(output), messagesPath(output.file));
  return `(response: ${type}) => response.etag${shape.optional ? " ?? ''" : ''}`;
}

/** The mapping that google/rpc/code.proto gives; index is the code, OK is no error. */
const httpStatuses = [
  undefined,
  499,
  500,
  400,
  504,
  404,
  409,
  403,
  429,
  400,
  409,
  400,
  501,
  500,
  503,
  500,
  401,
];

/** The HTTP status of an error; undefined when its code is none of an error. */
export function httpStatusOf({ code, httpStatus }: ErrorOption): number | undefined {
  return httpStatus ?? httpStatuses[code];
}

/** gen/errors.ts: every error reason, by its name. */
export function emitErrors(files: readonly DescFile[], options: Options): Module {
  const module = createModule('errors.ts');
  const entries = readCatalogue(files, options).map(([value, error]) => errorEntry(value, error));
  module.add(`/** What a caller is told, by reason. \`code\` is the gRPC status code. */
export const errorCatalogue = {
${entries.join('\n')}
} as const;

/** Why a call failed, for programs. */
export type Reason = keyof typeof errorCatalogue;`);
  return module;
}

/** Every enum value that carries purser.api.v1.error. Throws when one says what makes no sense. */
export function readCatalogue(
  files: readonly DescFile[],
  options: Options,
): [DescEnumValue, ErrorOption][] {
  const seen = new Set<string>();
  const entries: [DescEnumValue, ErrorOption][] = [];
  for (const type of files.flatMap(({ enums }) => enums)) {
    const isCatalogue = type.name === 'ErrorReason' || type.values.some(options.error);
    for (const value of isCatalogue ? type.values : []) {
      const error = options.error(value);
      if ((error === undefined) !== (value.number === 0)) {
        const rule = 'every value but the one of number 0 carries (purser.api.v1.error)';
        throw new Error(`${value}: ${rule}`);
      }
      if (error !== undefined) {
        checkError(value, error, seen);
        entries.push([value, error]);
      }
    }
  }
  return entries;
}

function checkError(value: DescEnumValue, error: ErrorOption, seen: Set<string>): void {
  if (seen.has(value.name)) {
    throw new Error(`${value}: the reason exists twice`);
  }
  seen.add(value.name);
  const status = httpStatusOf(error);
  if (status === undefined || status < 400 || status > 599) {
    throw new Error(`${value}: its code or http_status is none of an error`);
  }
  if (error.message === '') {
    throw new Error(`${value}: it has no message`);
  }
  for (const [, key] of error.message.matchAll(/\{([^{}]*)\}/g)) {
    if (!error.metadata.includes(key ?? '')) {
      throw new Error(`${value}: its message names {${key}}, which is not in its metadata`);
    }
  }
  const examples = error.metadataExamples.length;
  if (examples > 0 && examples !== error.metadata.length) {
    throw new Error(`${value}: it has not one of metadata_examples for each key of its metadata`);
  }
  for (const key of error.metadata) {
    if (!/^[a-z][a-z0-9_]*$/.test(key)) {
      throw new Error(`${value}: the metadata key "${key}" is not in lower_snake_case`);
    }
  }
}

function errorEntry({ name }: DescEnumValue, error: ErrorOption): string {
  return `  ${name}: {
    code: ${error.code},
    httpStatus: ${httpStatusOf(error)},
    message: ${quoted(error.message)},
    metadata: [${error.metadata.map(quoted).join(', ')}],
    retryable: ${error.retryable},
  },`;
}
