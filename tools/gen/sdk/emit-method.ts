import type { DescField, DescMessage } from '@bufbuild/protobuf';
import type { HttpBinding } from '../http-rule.ts';
import type { Rpc } from '../model.ts';
import type { Module } from '../module.ts';
import type { Options } from '../options.ts';
import { shapeOf } from '../shape.ts';
import { commentOf, jsDoc } from './comments.ts';
import { readersPath, sdkReaderName } from './emit-readers.ts';
import { inputTypeOf, isEmpty, typesPath } from './emit-types.ts';
import type { SdkNames } from './sdk-names.ts';

/** An RPC that has a REST operation, which all of the SDK's have. */
export type PublicRpc = Rpc & { http: HttpBinding };

/** What a method of a client gives back, as source text. */
interface Result {
  type: string;
  statement: string;
}

/**
 * A method of a client. Its arguments: what the path holds, then the field that is the body, then
 * one object for everything else, so that a request may grow without moving an argument.
 */
export function methodText(
  module: Module,
  rpc: PublicRpc,
  names: SdkNames,
  options: Options,
): string {
  const { body, variables } = rpc.http;
  const positional = variables.map(({ field }) => field);
  if (typeof body === 'object') positional.push(body);
  const parameters = positional.map((field) => {
    importTypes(module, field, names, options);
    const isNeeded = field !== body || options.has(field, 'REQUIRED');
    return `${field.jsonName}${isNeeded ? '' : '?'}: ${inputTypeOf(field, names, options)}`;
  });
  const areNeeded = optionFields(rpc).some((field) => options.has(field, 'REQUIRED'));
  parameters.push(`options: ${names.options(rpc)}${areNeeded ? '' : ' = {}'}`);
  const request = ['...options', ...positional.map(({ jsonName }) => jsonName)];
  const items = pageItems(rpc.method.input, rpc.method.output);
  const { type, statement } =
    items === undefined
      ? oneAnswer(module, rpc, request, names)
      : pagedAnswer(module, rpc, request, items, names);
  const doc = jsDoc(documentation(rpc, positional), '  ');
  return `${doc}  ${names.method(rpc)}(${parameters.join(', ')}): ${type} {
    return ${statement};
  }`;
}

/** Fields of the last argument: all that are neither in the path nor the body nor the key. */
export function optionFields({ http }: PublicRpc): DescField[] {
  const conditions = http.headers.filter(({ name }) => name === 'etag');
  return [...http.members, ...http.query, ...conditions.map(({ field }) => field)];
}

export function importTypes(
  module: Module,
  field: DescField,
  names: SdkNames,
  options: Options,
): void {
  const { kind } = shapeOf(field);
  if (kind !== 'message' && kind !== 'enum') return;
  module.type(inputTypeOf(field, names, options).replace('[]', ''), typesPath(names));
}

function oneAnswer(module: Module, rpc: Rpc, request: string[], names: SdkNames): Result {
  const { output } = rpc.method;
  const call = (reader: string) =>
    `this.#caller.unary(${names.operation(rpc)}, { ${request.join(', ')} }, ${reader})`;
  if (isEmpty(output)) return { type: 'Promise<void>', statement: call('() => {}') };
  const type = module.type(names.type(output), typesPath(names));
  const reader = module.value(sdkReaderName(output, names), readersPath(names));
  return { type: `Promise<${type}>`, statement: call(reader) };
}

function pagedAnswer(
  module: Module,
  rpc: Rpc,
  request: string[],
  items: DescField,
  names: SdkNames,
): Result {
  const { output } = rpc.method;
  const pages = module.type('Pages', '../sdk/src/pages.ts');
  const pagesOf = module.value('pagesOf', '../sdk/src/pages.ts');
  const item = module.type(names.type(items.message as DescMessage), typesPath(names));
  const response = module.type(names.type(output), typesPath(names));
  const reader = module.value(sdkReaderName(output, names), readersPath(names));
  const asked = [...request, 'pageToken'].join(', ');
  const statement = `${pagesOf}({
      ask: (pageToken) =>
        this.#caller.unary(${names.operation(rpc)}, { ${asked} }, ${reader}),
      items: (response) => response.${items.jsonName},
      pageToken: options.pageToken,
    })`;
  return { type: `${pages}<${item}, ${response}>`, statement };
}

/** The field of a page's items when the method answers a page at a time, by AIP-158. */
function pageItems(input: DescMessage, output: DescMessage): DescField | undefined {
  const isPaged = input.fields.some(({ name }) => name === 'page_token');
  const hasNext = output.fields.some(({ name }) => name === 'next_page_token');
  const [items, ...others] = output.fields.filter((field) => {
    const { repeated, kind } = shapeOf(field);
    return repeated && kind === 'message';
  });
  return isPaged && hasNext && others.length === 0 ? items : undefined;
}

function documentation({ method }: Rpc, positional: readonly DescField[]): string {
  const parameters = positional.flatMap((field) => {
    const comment = commentOf(field).replaceAll('\n', '\n  ');
    return comment === '' ? [] : [`@param ${field.jsonName} ${comment}`];
  });
  const parts = [commentOf(method), parameters.join('\n')];
  return parts.filter((part) => part !== '').join('\n\n');
}
