import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { checkLimits, isMoney } from './limits.ts';
import { isSetByCaller } from './model.ts';
import type { Type } from './model.ts';
import type { Module } from './module.ts';
import { messagesPath, property, quoted, validatePath, validatorName } from './names.ts';
import type { Limits, Options } from './options.ts';
import { mayBeUndefined, shapeOf, typeName } from './shape.ts';
import type { Shape } from './shape.ts';

/**
 * A value that is being checked: source text of it, and of what a template literal's path holds.
 */
interface Value {
  expression: string;
  path: string;
  shape: Shape;
  limits: Limits;
  field: DescField;
}

/** Emits the function that checks a message; its `prefix` is '' or ends with a dot. */
export function emitValidator(module: Module, type: Type, options: Options): void {
  if (type.kind === 'enum') {
    const numbers = type.values.map(({ number }) => number);
    module.add(`export const ${knownName(type)}: ReadonlySet<number> = new Set([${numbers}]);`);
    return;
  }
  const checks = type.fields.flatMap((field) => fieldChecks(module, field, options));
  const message = module.type(typeName(type), messagesPath(type.file));
  const fieldViolation = module.type('FieldViolation', '#lib/contract/types.ts');
  const unused = checks.length === 0 ? '_' : '';
  module.add(`export function ${validatorName(type)}(
  ${unused}message: ${message},
  ${unused}prefix = '',
  violations: ${fieldViolation}[] = [],
): ${fieldViolation}[] {
${[...checks, 'return violations;'].map(indented).join('\n')}
}`);
}

function knownName(type: DescEnum): string {
  return `known${typeName(type)}`;
}

function fieldChecks(module: Module, field: DescField, options: Options): string[] {
  const shape = shapeOf(field);
  const limits = options.limits(field) ?? {};
  checkLimits(field, shape, limits);
  const expression = `message.${property(field)}`;
  const path = `\${prefix}${field.name}`;
  if (!isSetByCaller(field, options)) {
    const condition = presence(shape, expression);
    return [when(condition.present, refusal(module, path, 'is set by the server'))];
  }
  const checks: string[] = [];
  const { missing } = presence(shape, expression);
  if (options.has(field, 'REQUIRED') && missing !== undefined) {
    checks.push(when(missing, refusal(module, path, 'is required')));
  }
  if (limits.maxItems !== undefined) {
    const description = `must have at most ${limits.maxItems} elements`;
    checks.push(
      when(`${expression}.length > ${limits.maxItems}`, refusal(module, path, description)),
    );
  }
  return [...checks, ...contentChecks(module, { expression, path, shape, limits, field })];
}

/**
 * How to tell whether a field is set, and where "not set" is a value's absence rather than a zero.
 */
function presence(shape: Shape, expression: string): { present: string; missing?: string } {
  const differs = (empty: string) => ({
    present: `${expression} !== ${empty}`,
    missing: `${expression} === ${empty}`,
  });
  if (shape.repeated || (shape.kind === 'bytes' && !shape.optional)) {
    return { present: `${expression}.length > 0`, missing: `${expression}.length === 0` };
  }
  if (mayBeUndefined(shape)) {
    return differs('undefined');
  }
  switch (shape.kind) {
    case 'string':
      return differs("''");
    case 'enum':
      return differs('0');
    case 'bool':
      return { present: expression };
    case 'int64':
    case 'uint64':
      return { present: `${expression} !== 0n` };
    default:
      return { present: `${expression} !== 0` };
  }
}

/** Checks of a field's value, or of each of its elements. */
function contentChecks(module: Module, whole: Value): string[] {
  const { expression, path, shape } = whole;
  if (!shape.repeated) {
    const checks = valueChecks(module, whole);
    return mayBeUndefined(shape) && checks.length > 0
      ? [when(`${expression} !== undefined`, ...checks)]
      : checks;
  }
  const element = { ...whole, expression: 'element', path: `${path}[\${index}]` };
  const checks = [...emptinessChecks(module, element), ...valueChecks(module, element)];
  return checks.length === 0
    ? []
    : [block(`for (const [index, element] of ${expression}.entries())`, checks)];
}

/** An empty string stands for a field that is absent; an element of a list never is. */
function emptinessChecks(module: Module, { expression, path, shape, limits }: Value): string[] {
  const isLimited = limits.pattern !== undefined || limits.minLength !== undefined;
  if (shape.kind !== 'string' || !isLimited) return [];
  return [when(`${expression} === ''`, refusal(module, path, 'must not be empty'))];
}

function valueChecks(module: Module, value: Value): string[] {
  const { expression, path, shape } = value;
  switch (shape.kind) {
    case 'string': {
      const check = module.value('checkString', '#lib/contract/check-string.ts');
      return [`${check}(${expression}, ${stringLimits(module, value)}, \`${path}\`, violations);`];
    }
    case 'timestamp':
    case 'duration': {
      const name = shape.kind === 'timestamp' ? 'checkTimestamp' : 'checkDuration';
      const check = module.value(name, '#lib/contract/check-time.ts');
      return [`${check}(${expression}, \`${path}\`, violations);`];
    }
    case 'struct': {
      const check = module.value('checkStruct', '#lib/contract/check-struct.ts');
      const { maxBytes = 'Infinity' } = value.limits;
      return [`${check}(${expression}, ${maxBytes}, \`${path}\`, violations);`];
    }
    case 'enum': {
      const known = module.value(
        knownName(shape.enum as DescEnum),
        validatePath((shape.enum as DescEnum).file),
      );
      return [when(`!${known}.has(${expression})`, refusal(module, path, 'must be a known value'))];
    }
    case 'message':
      return messageChecks(module, value);
    default:
      return boundChecks(module, value);
  }
}

function messageChecks(module: Module, value: Value): string[] {
  const type = value.shape.message as DescMessage;
  const validate = module.value(validatorName(type), validatePath(type.file));
  const amount = {
    ...value,
    expression: `${value.expression}.amountMinor`,
    path: `${value.path}.amount_minor`,
    shape: { ...value.shape, kind: 'int64' as const },
  };
  return [
    ...(isMoney(value.shape) ? boundChecks(module, amount) : []),
    `${validate}(${value.expression}, \`${value.path}.\`, violations);`,
  ];
}

function boundChecks(module: Module, { expression, path, shape, limits }: Value): string[] {
  const suffix = shape.kind.endsWith('64') ? 'n' : '';
  const check = (operator: string, bound: bigint | undefined, words: string) =>
    bound === undefined
      ? []
      : [
          when(
            `${expression} ${operator} ${bound}${suffix}`,
            refusal(module, path, `must be ${words} ${bound}`),
          ),
        ];
  return [...check('<', limits.min, 'at least'), ...check('>', limits.max, 'at most')];
}

/** The name of a constant that holds the limits of a string. */
function stringLimits(module: Module, { field, limits }: Value): string {
  const { minLength, maxLength, pattern } = limits;
  const members = [
    minLength === undefined ? [] : `minLength: ${minLength}`,
    maxLength === undefined ? [] : `maxLength: ${maxLength}`,
    pattern === undefined ? [] : `pattern: /${new RegExp(pattern, 'u').source}/u`,
  ].flat();
  if (members.length === 0) {
    return module.value('noLimits', '#lib/contract/check-string.ts');
  }
  const name = `limits${typeName(field.parent)}_${property(field)}`;
  const type = module.type('StringLimits', '#lib/contract/check-string.ts');
  module.add(`const ${name}: ${type} = { ${members.join(', ')} };`);
  return name;
}

function refusal(module: Module, path: string, description: string): string {
  const refuse = module.value('refuse', '#lib/contract/refuse.ts');
  return `${refuse}(violations, \`${path}\`, ${quoted(description)});`;
}

function when(condition: string, ...statements: string[]): string {
  return block(`if (${condition})`, statements);
}

function block(head: string, statements: string[]): string {
  return [`${head} {`, ...statements.map(indented), '}'].join('\n');
}

function indented(text: string): string {
  return text.replace(/^(?=.)/gm, '  ');
}
