import type { DescField, DescService } from '@bufbuild/protobuf';
import type { Model } from '../model.ts';
import { createModule } from '../module.ts';
import type { Module } from '../module.ts';
import { quoted } from '../names.ts';
import type { Options } from '../options.ts';
import { commentOf, jsDoc } from './comments.ts';
import { importTypes, methodText, optionFields } from './emit-method.ts';
import type { PublicRpc } from './emit-method.ts';
import { inputMember } from './emit-types.ts';
import type { SdkNames } from './sdk-names.ts';

const runtime = '../sdk/src';

/** clients.ts: a class for every service, and one that has them all. */
export function emitClients(model: Model, names: SdkNames, options: Options): Module {
  const module = createModule(`${names.folder}/clients.ts`);
  const rpcs = model.rpcs.filter((rpc): rpc is PublicRpc => rpc.http !== undefined);
  const services = [...new Set(rpcs.map(({ service }) => service))];
  for (const service of services) {
    const own = rpcs.filter((rpc) => rpc.service === service);
    for (const rpc of own) {
      module.add(operationText(module, rpc, names));
      module.add(optionsType(module, rpc, names, options));
    }
    module.add(clientClass(module, service, own, names, options));
  }
  if (services.length > 0) module.add(allClients(module, services, rpcs, names));
  return module;
}

function operationText(module: Module, rpc: PublicRpc, names: SdkNames): string {
  const { service, method, http, idempotent, keyed } = rpc;
  const forms = http.variables.map(({ field, parts }) => {
    const form = parts.map((part) => ('literal' in part ? part.literal : `{${part.parameter}}`));
    return `${field.jsonName}: ${quoted(form.join('/'))}`;
  });
  const { body } = http;
  const bodyText =
    typeof body === 'object' ? quoted(body.jsonName) : body === '*' ? list(http.members) : '';
  const isConditional = http.headers.some(({ name }) => name === 'etag');
  const lines = [
    `rpc: '/${service.typeName}/${method.name}'`,
    `method: '${http.httpMethod}'`,
    `path: '${http.path}'`,
    ...(forms.length === 0 ? [] : [`names: { ${forms.join(', ')} }`]),
    ...(http.query.length === 0 ? [] : [`query: ${list(http.query)}`]),
    ...(bodyText === '' ? [] : [`body: ${bodyText}`]),
    ...(keyed ? ['keyed: true'] : []),
    ...(isConditional ? ['conditional: true'] : []),
    ...(idempotent ? ['idempotent: true'] : []),
  ];
  const type = module.type('Operation', `${runtime}/operation.ts`);
  return `const ${names.operation(rpc)}: ${type} = {\n  ${lines.join(',\n  ')},\n};`;
}

function list(fields: readonly DescField[]): string {
  return `[${fields.map(({ jsonName }) => quoted(jsonName)).join(', ')}]`;
}

function optionsType(module: Module, rpc: PublicRpc, names: SdkNames, options: Options): string {
  const callOptions = rpc.keyed ? 'KeyedCallOptions' : 'CallOptions';
  const base = module.type(callOptions, `${runtime}/caller.ts`);
  const fields = optionFields(rpc);
  for (const field of fields) importTypes(module, field, names, options);
  const members = fields.map((field) => inputMember(field, names, options));
  const body = members.length === 0 ? '{}' : `{\n${members.join('\n')}\n}`;
  const doc = jsDoc(`What \`${names.property(rpc.service)}.${names.method(rpc)}\` takes beside.`);
  return `${doc}export interface ${names.options(rpc)} extends ${base} ${body}`;
}

function clientClass(
  module: Module,
  service: DescService,
  rpcs: readonly PublicRpc[],
  names: SdkNames,
  options: Options,
): string {
  const caller = module.type('Caller', `${runtime}/caller.ts`);
  const methods = rpcs.map((rpc) => methodText(module, rpc, names, options));
  return `${jsDoc(commentOf(service))}export class ${names.client(service)} {
  readonly #caller: ${caller};

  /** @internal Programs get clients from a Purser. */
  constructor(caller: ${caller}) {
    this.#caller = caller;
  }

${methods.join('\n\n')}
}`;
}

function allClients(
  module: Module,
  services: readonly DescService[],
  rpcs: readonly PublicRpc[],
  names: SdkNames,
): string {
  const caller = module.type('Caller', `${runtime}/caller.ts`);
  const members = services.map(
    (service) => `  readonly ${names.property(service)}: ${names.client(service)};`,
  );
  const made = services.map(
    (service) => `    this.${names.property(service)} = new ${names.client(service)}(caller);`,
  );
  const domains = [...new Set(rpcs.map(({ domain }) => quoted(domain)))];
  return `/** The parts of the system that serve the RPCs, each at an address of its own. */
export type Domain = ${domains.join(' | ')};

/** A client for every service. */
export class Clients {
${members.join('\n')}

  /** @internal Programs get clients from a Purser. */
  constructor(caller: ${caller}) {
${made.join('\n')}
  }
}`;
}
