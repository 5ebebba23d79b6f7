import type { DescService } from '@bufbuild/protobuf';
import type { Rpc, Type } from '../model.ts';
import type { Options } from '../options.ts';
import { typeName } from '../shape.ts';

/** Names that every call takes beside the fields of its request (sdk/src/caller.ts). */
const callOptionNames = ['idempotencyKey', 'signal', 'timeoutMs', 'tryTimeoutMs', 'userId'];

/** What goes by which name in the SDK. */
export interface SdkNames {
  /** Folder in gen/ of the modules that have the names: 'sdk'. */
  folder: string;
  /** 'OrderState' for Order.State; with its domain in front where two packages have the name. */
  type(type: Type): string;
  /** Class of a service: 'OrderClient'. */
  client(service: DescService): string;
  /** Property of the client that holds a service: 'orders'. */
  property(service: DescService): string;
  /** Method of its class: 'create', 'listEvents'. */
  method(rpc: Rpc): string;
  /** Constant that describes an RPC: 'createOrder'. */
  operation(rpc: Rpc): string;
  /** Type of its last argument: 'CreateOrderOptions'. */
  options(rpc: Rpc): string;
}

export function sdkNames(
  folder: string,
  rpcs: readonly Rpc[],
  types: readonly Type[],
  options: Options,
): SdkNames {
  const services = [...new Set(rpcs.map(({ service }) => service))];
  const typeNames = unique(types, (type) => typeName(type).replaceAll('_', ''));
  const clients = unique(services, (service) => `${nounOf(service)}Client`);
  const optionNames = unique(rpcs, ({ method }) => `${method.name}Options`);
  const properties = new Map(services.map((it) => [it, propertyOf(it, rpcs, options)]));
  const methods = new Map(rpcs.map((rpc) => [rpc, methodOf(rpc, options)]));
  refuseDoubles(services, (service) => `the property ${properties.get(service)}`);
  refuseDoubles(rpcs, (rpc) => `the method ${properties.get(rpc.service)}.${methods.get(rpc)}`);
  rpcs.forEach(checkFieldNames);
  return {
    folder,
    type: (type) => typeNames.get(type) ?? typeName(type),
    client: (service) => clients.get(service) ?? '',
    property: (service) => properties.get(service) ?? '',
    method: (rpc) => methods.get(rpc) ?? '',
    operation: (rpc) => lowerFirst((optionNames.get(rpc) ?? '').replace(/Options$/, '')),
    options: (rpc) => optionNames.get(rpc) ?? '',
  };
}

/** OrderService is about orders. */
function nounOf({ name }: DescService): string {
  return name.replace(/Service$/, '');
}

/**
 * The plural of the resource that the service is named after, `orders`; the singular where none of
 * its RPCs lists them, or takes a name or an id, for then the caller has just one: `account`.
 */
function propertyOf(service: DescService, rpcs: readonly Rpc[], options: Options): string {
  const noun = nounOf(service);
  const own = rpcs.filter((rpc) => rpc.service === service);
  const plural = pluralOf(service, options);
  const hasMany = own.some(
    ({ method, http }) => method.name === `List${plural}` || (http?.variables.length ?? 0) > 0,
  );
  return lowerFirst(hasMany ? plural : noun);
}

function pluralOf(service: DescService, options: Options): string {
  const noun = nounOf(service);
  const plural = resourceOf(service, options)?.plural ?? '';
  return upperFirst(plural === '' ? `${noun}s` : plural);
}

function resourceOf(service: DescService, options: Options) {
  const messages = service.methods.map(({ output }) => output);
  const resource = messages.find(({ name }) => name === nounOf(service));
  return resource === undefined ? undefined : options.resource(resource);
}

/**
 * The RPC's name without what the property says already: `CreateOrder` and `ListOrders` of
 * `orders` are `create` and `list`, `ListOrderEvents` is `listEvents`, `GetRequest` would stay.
 */
function methodOf({ service, method }: Rpc, options: Options): string {
  const nouns = [pluralOf(service, options), nounOf(service)].join('|');
  const name = method.name.replace(new RegExp(`^([A-Z][A-Za-z0-9]*?)(${nouns})(?=[A-Z]|$)`), '$1');
  return lowerFirst(name);
}

function unique<T extends Type | DescService | Rpc>(
  items: readonly T[],
  nameOf: (item: T) => string,
): Map<T, string> {
  const names = items.map(nameOf);
  return new Map(
    items.map((item) => {
      const name = nameOf(item);
      const isShared = names.indexOf(name) !== names.lastIndexOf(name);
      return [item, isShared ? `${upperFirst(domainOf(item))}${name}` : name];
    }),
  );
}

function domainOf(item: Type | DescService | Rpc): string {
  const file = 'domain' in item ? item.service.file : item.file;
  return file.proto.package.split('.')[1] ?? '';
}

function refuseDoubles<T extends DescService | Rpc>(
  items: readonly T[],
  nameOf: (item: T) => string,
): void {
  const seen = new Map<string, T>();
  for (const item of items) {
    const name = nameOf(item);
    const other = seen.get(name);
    if (other !== undefined) throw new Error(`${title(item)}: in the SDK ${name} exists twice`);
    seen.set(name, item);
  }
}

/** A field beside the options of a call must not look like one of them. */
function checkFieldNames({ method }: Rpc): void {
  for (const field of method.input.fields) {
    if (callOptionNames.includes(field.jsonName) || field.jsonName === 'options') {
      throw new Error(`${field}: the SDK has another use for the name ${field.jsonName}`);
    }
  }
}

function title(item: DescService | Rpc): string {
  return String('domain' in item ? item.method : item);
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function upperFirst(text: string): string {
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
}
