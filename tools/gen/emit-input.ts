import type { DescField } from '@bufbuild/protobuf';
import { emptyMessage, memberLoop, readJson, readerOf } from './emit-reader.ts';
import type { HeaderField } from './header-fields.ts';
import type { HttpBinding, PathVariable } from './http-rule.ts';
import type { Rpc } from './model.ts';
import type { Module } from './module.ts';
import {
  inputPathName,
  inputReaderName,
  messagesPath,
  property,
  quoted,
  validatePath,
  validatorName,
} from './names.ts';
import type { Options } from './options.ts';
import { shapeOf, typeName } from './shape.ts';

const readInput = '#lib/contract/read-input.ts';
const jsonPaths = '#lib/contract/json-path.ts';

/** Emits what makes an RPC's request message out of an HTTP request. */
export function emitInputReader(module: Module, rpc: Rpc, options: Options): void {
  const { http } = rpc;
  if (http === undefined) {
    return;
  }
  const { input } = rpc.method;
  const type = module.type(typeName(input), messagesPath(input.file));
  const routeInput = module.type('RouteInput', '#lib/contract/types.ts');
  const fieldViolation = module.type('FieldViolation', '#lib/contract/types.ts');
  const statements = [
    ...http.variables.map((variable) => pathStatement(module, variable)),
    queryStatement(module, rpc, http),
    bodyStatement(module, rpc, http, options),
    ...http.headers.map((header) => headerStatement(module, header)),
    contractStatement(module, rpc),
  ].filter((statement) => statement !== '');
  module.add(pathFunction(module, rpc, http));
  module.add(`export function ${inputReaderName(rpc)}(
  input: ${routeInput},
  violations: ${fieldViolation}[],
): ${type} {
  const message: ${type} = ${emptyMessage(input.fields)};
${statements.join('\n')}
  return message;
}`);
}

/** The translation of proto paths for callers of the operation. */
function pathFunction(module: Module, rpc: Rpc, http: HttpBinding): string {
  const names = http.variables.map(({ field, parts }) => {
    const parameters = parts.flatMap((part) => ('parameter' in part ? [part.parameter] : []));
    return `${field.name}: ${quoted(parameters.at(-1) ?? field.jsonName)}`;
  });
  names.push(...http.headers.map(({ name, header }) => `${name}: ${quoted(header)}`));
  const body = typeof http.body === 'object' ? `body: ${quoted(http.body.name)}, ` : '';
  const binding = `{ ${body}names: {${names.length === 0 ? '' : ` ${names.join(', ')} `}} }`;
  const name = `binding${rpc.service.name}_${rpc.method.name}`;
  return `const ${name}: ${module.type('Binding', jsonPaths)} = ${binding};

export function ${inputPathName(rpc)}(protoPath: string): string {
  return ${module.value('toJsonPath', jsonPaths)}(protoPath, ${name});
}`;
}

function pathStatement(module: Module, { field, parts }: PathVariable): string {
  const readSegment = module.value('readSegment', readInput);
  const text = parts.map((part) => {
    if ('literal' in part) {
      return part.literal;
    }
    const name = quoted(part.parameter);
    return `\${${readSegment}(input.params[${name}], ${name}, violations)}`;
  });
  return `  message.${property(field)} = \`${text.join('/')}\`;`;
}

function queryStatement(module: Module, rpc: Rpc, http: HttpBinding): string {
  const refuseUnknown = module.value('refuseUnknown', readJson);
  if (http.query.length === 0) {
    return `  for (const name of Object.keys(input.query)) {
    ${refuseUnknown}(name, '', [], violations);
  }`;
  }
  const known = `parameters${rpc.service.name}_${rpc.method.name}`;
  const names = http.query.map((field) => quoted(field.jsonName));
  module.add(`const ${known}: string[] = [${names.join(', ')}];`);
  return `  for (const [name, value] of Object.entries(input.query)) {
    switch (name) {
${http.query.map((field) => parameterCase(module, field)).join('\n')}
      default:
        ${refuseUnknown}(name, '', ${known}, violations);
    }
  }`;
}

function parameterCase(module: Module, field: DescField): string {
  const shape = shapeOf(field);
  const textReaders = { bool: 'readBoolText', int32: 'readInt32Text', uint32: 'readUint32Text' };
  const read = Object.hasOwn(textReaders, shape.kind)
    ? module.value(textReaders[shape.kind as keyof typeof textReaders], readInput)
    : readerOf(module, shape);
  const from = module.value(shape.repeated ? 'readParameters' : 'readParameter', readInput);
  return `      case ${quoted(field.jsonName)}:
        message.${property(field)} = ${from}(value, name, violations, ${read});
        break;`;
}

function bodyStatement(module: Module, rpc: Rpc, http: HttpBinding, options: Options): string {
  if (http.body === undefined) {
    return '';
  }
  if (http.body !== '*') {
    const read = readerOf(module, shapeOf(http.body));
    return `  if (input.body !== undefined) {
    message.${property(http.body)} = ${read}(input.body, '', violations);
  }`;
  }
  const names = http.members.map((field) => quoted(field.jsonName));
  const known = `members${rpc.service.name}_${rpc.method.name}`;
  module.add(`const ${known}: string[] = [${names.join(', ')}];`);
  const readMembers = module.value('readMembers', readJson);
  return `  const prefix = '';
  const members = input.body === undefined ? {} : ${readMembers}(input.body, '', violations);
  if (members === undefined) {
    return message;
  }
${memberLoop(module, http.members, known, options)}`;
}

function headerStatement(module: Module, { field, read, from, member }: HeaderField): string {
  const reader = module.value(read, from);
  return `  message.${property(field)} = ${reader}(input.${member}, violations);`;
}

function contractStatement(module: Module, rpc: Rpc): string {
  const { input } = rpc.method;
  const validate = module.value(validatorName(input), validatePath(input.file));
  const addContractViolations = module.value('addContractViolations', readInput);
  return `  if (violations.length > 0) {
    ${addContractViolations}(violations, ${validate}(message), ${inputPathName(rpc)});
  }`;
}
