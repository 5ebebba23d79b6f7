import type {
  DescEnum,
  DescField,
  DescFile,
  DescMessage,
  DescMethod,
  DescService,
} from '@bufbuild/protobuf';
import { Edition, MethodOptions_IdempotencyLevel } from '@bufbuild/protobuf/wkt';
import { headerFieldsOf } from './header-fields.ts';
import { readHttpRule } from './http-rule.ts';
import type { HttpBinding } from './http-rule.ts';
import { allMessages } from './options.ts';
import type { Access, Options } from './options.ts';
import { shapeOf } from './shape.ts';

export type Type = DescMessage | DescEnum;

/** An RPC with all that the generator needs to know of it. */
export interface Rpc {
  method: DescMethod;
  service: DescService;
  domain: string;
  readOnly: boolean;
  /** Repeating it does nothing more, by its nature. */
  idempotent: boolean;
  keyed: boolean;
  http: HttpBinding | undefined;
  /** Who may call it. */
  access: Access;
}

/** What is to be generated. A type is in the sets that need a function for it. */
export interface Model {
  rpcs: Rpc[];
  /** RPCs that answer with a stream; they have no REST form. */
  streams: Rpc[];
  read: Set<Type>;
  written: Set<Type>;
  validated: Set<Type>;
  /** Responses of List methods: their empty strings are told too. */
  listResponses: Set<DescMessage>;
}

/** Throws when a limit would not be checked, for whoever wrote it believes that it is. */
export function checkLimitsApply(
  files: readonly DescFile[],
  { validated }: Model,
  options: Options,
): void {
  for (const message of allMessages(files)) {
    for (const field of message.fields) {
      const isChecked = validated.has(message) && isSetByCaller(field, options);
      if (options.limits(field) !== undefined && !isChecked) {
        throw new Error(`${field}: its limits are never checked, for no request has it`);
      }
    }
  }
}

/** Of all services, or of those alone that have this access. */
export function buildModel(files: readonly DescFile[], options: Options, access?: Access): Model {
  const all = files
    .flatMap(({ services }) => services)
    .filter((service) => access === undefined || options.access(service) === access)
    .flatMap((service) => rpcsOf(service, options));
  const model: Model = {
    rpcs: all.filter(({ method }) => method.methodKind === 'unary'),
    streams: all.filter(({ method }) => method.methodKind !== 'unary'),
    read: new Set(),
    written: new Set(),
    validated: new Set(),
    listResponses: new Set(),
  };
  checkRoutes(model.rpcs);
  const isCallers = (field: DescField) => isSetByCaller(field, options);
  for (const { method } of model.streams) {
    collect(method.input, isCallers, model.validated);
    collect(method.input, isCallers, model.read);
    collect(method.output, () => true, model.written);
  }
  for (const { method, http } of model.rpcs) {
    collect(method.input, isCallers, model.validated);
    checkIdentifiers(method, options);
    if (http !== undefined) {
      for (const field of readFields(http)) {
        collectField(field, isCallers, model.read);
      }
      collect(method.output, () => true, model.written);
      if (method.name.startsWith('List')) {
        model.listResponses.add(method.output);
      }
    }
  }
  return model;
}

/** Whether the contract leaves the field to the caller. */
export function isSetByCaller(field: DescField, options: Options): boolean {
  return !options.has(field, 'OUTPUT_ONLY') && !options.has(field, 'IDENTIFIER');
}

/** Fields of the request that a reader of JSON or of the query fills. */
function readFields({ body, members, query }: HttpBinding): DescField[] {
  return [...(typeof body === 'object' ? [body] : []), ...members, ...query];
}

function rpcsOf(service: DescService, options: Options): Rpc[] {
  const { package: packageName } = service.file.proto;
  const domain = /^purser\.([a-z][a-z0-9_]*)\.v[0-9]+$/.exec(packageName)?.[1];
  if (domain === undefined) {
    throw new Error(`${service}: its package must be purser.<domain>.v<number>`);
  }
  return service.methods.map((method) => {
    if (!['unary', 'server_streaming'].includes(method.methodKind)) {
      throw new Error(`${method}: a stream of requests is not supported`);
    }
    const readOnly = method.idempotency === MethodOptions_IdempotencyLevel.NO_SIDE_EFFECTS;
    const idempotent = method.idempotency !== MethodOptions_IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
    const rule = options.http(method);
    if (rule !== undefined && method.methodKind !== 'unary') {
      throw new Error(`${method}: a stream of responses has no REST form`);
    }
    const headers = readOnly ? [] : headerFieldsOf(method);
    const http = rule === undefined ? undefined : readHttpRule(method, rule, headers, options);
    const access = options.access(service);
    if (access === 'internal' && http !== undefined) {
      throw new Error(`${method}: what is INTERNAL has no REST form`);
    }
    const keyed = (http?.headers ?? headers).some(({ name }) => name === 'request_id');
    return { method, service, domain, readOnly, idempotent, keyed, http, access };
  });
}

/** Adds the message and everything in it that `reached` leads to. */
function collect(
  message: DescMessage,
  reached: (field: DescField) => boolean,
  found: Set<Type>,
): void {
  checkSyntax(message);
  if (found.has(message)) {
    return;
  }
  found.add(message);
  for (const field of message.fields.filter(reached)) {
    collectField(field, reached, found);
  }
}

function collectField(
  field: DescField,
  reached: (field: DescField) => boolean,
  found: Set<Type>,
): void {
  const shape = shapeOf(field);
  if (shape.kind === 'message' && shape.message !== undefined) {
    collect(shape.message, reached, found);
  }
  if (shape.enum !== undefined) {
    found.add(shape.enum);
  }
}

function checkSyntax({ file }: DescMessage): void {
  if (file.edition !== Edition.EDITION_PROTO3) {
    throw new Error(`${file}: only syntax "proto3" is supported`);
  }
}

/**
 * Of a name that identifies a resource we know only one use in a request: none, as it is created.
 */
function checkIdentifiers(method: DescMethod, options: Options): void {
  if (method.name.startsWith('Create')) {
    return;
  }
  const reached = new Set<Type>();
  collect(method.input, (field) => isSetByCaller(field, options), reached);
  for (const type of reached) {
    const fields = type.kind === 'message' ? type.fields : [];
    const identifier = fields.find((field) => options.has(field, 'IDENTIFIER'));
    if (identifier !== undefined) {
      const rule = 'is an IDENTIFIER, which only a Create method may take';
      throw new Error(`${method}: ${identifier} ${rule}`);
    }
  }
}

function checkRoutes(rpcs: Rpc[]): void {
  const taken = new Map<string, DescMethod>();
  for (const { method, http } of rpcs) {
    if (http !== undefined) {
      const route = `${http.httpMethod} ${http.path.replace(/\{[^}]*\}/g, '{}')}`;
      const other = taken.get(route);
      if (other !== undefined) {
        throw new Error(`${method}: ${other} has the same route ${http.httpMethod} ${http.path}`);
      }
      taken.set(route, method);
    }
  }
}
