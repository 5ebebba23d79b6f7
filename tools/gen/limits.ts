import type { DescField } from '@bufbuild/protobuf';
import type { Limits } from './options.ts';
import { integerRange } from './shape.ts';
import type { Kind, Shape } from './shape.ts';

/** The message whose field `amount_minor` the limits min and max of a field of its type bound. */
const moneyTypeName = 'purser.type.v1.Money';

export function isMoney({ message }: Shape): boolean {
  return message?.typeName === moneyTypeName;
}

/** Throws when a limit does not fit the field's type, or no value could satisfy it. */
export function checkLimits(field: DescField, shape: Shape, limits: Limits): void {
  const { minLength, maxLength, pattern, min, max, maxItems, maxBytes } = limits;
  const fits = (name: string, value: unknown, kindFits: boolean) => {
    if (value !== undefined && !kindFits) {
      throw new Error(`${field}: the limit ${name} does not fit its type`);
    }
  };
  const range = integerRange[boundedKind(shape)];
  fits('min_length', minLength, shape.kind === 'string');
  fits('max_length', maxLength, shape.kind === 'string');
  fits('pattern', pattern, shape.kind === 'string');
  fits('max_items', maxItems, shape.repeated);
  fits('max_bytes', maxBytes, shape.kind === 'struct');
  fits('min', min, range !== undefined);
  fits('max', max, range !== undefined);
  if ((minLength ?? 0) > (maxLength ?? Infinity)) {
    throw new Error(`${field}: min_length is greater than max_length`);
  }
  if (pattern !== undefined) {
    checkPattern(field, pattern);
  }
  if (range !== undefined) {
    checkRange(field, limits, range);
  }
}

/** The kind of integer that min and max bound; for Money that of its amount. */
function boundedKind(shape: Shape): Kind {
  return isMoney(shape) ? 'int64' : shape.kind;
}

function checkPattern(field: DescField, pattern: string): void {
  try {
    void new RegExp(pattern, 'u');
  } catch (cause) {
    throw new Error(`${field}: the pattern ${pattern} is no regular expression`, { cause });
  }
}

function checkRange(
  field: DescField,
  { min, max }: Limits,
  [smallest, largest]: readonly [bigint, bigint],
): void {
  if ((min ?? smallest) > (max ?? largest)) {
    throw new Error(`${field}: no value is within min and max`);
  }
  if ((min ?? smallest) < smallest || (max ?? largest) > largest) {
    throw new Error(`${field}: min or max is out of its type's range`);
  }
}
