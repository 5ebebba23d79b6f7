import { isMoney } from '../limits.ts';
import type { Limits } from '../options.ts';
import { integerRange } from '../shape.ts';
import type { Kind, Shape } from '../shape.ts';
import { decimalRange } from './decimal-range.ts';
import { defined } from './json.ts';
import type { Json } from './json.ts';

/** Up to milliseconds, as lib/contract/read-json.ts takes it; that the day exists is its check. */
const timePattern =
  '^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt](?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}(?:\\.[0-9]{1,3})?' +
  '(?:[Zz]|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])$';

const durationPattern = '^-?[0-9]{1,12}(?:\\.[0-9]{1,9})?s$';

/** No store of ours takes the character NUL. */
const textPattern = '^[^\\u0000]*$';

const plainSchemas: Partial<Record<Kind, Json>> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  uint32: { type: 'integer', format: 'int64', minimum: 0 },
  int64: { type: 'string', format: 'int64' },
  uint64: { type: 'string', format: 'uint64' },
  bytes: { type: 'string', contentEncoding: 'base64' },
  timestamp: { type: 'string', format: 'date-time' },
  duration: { type: 'string', pattern: durationPattern },
  struct: { type: 'object', additionalProperties: true },
};

/** What an answer holds: its type and form, without bounds, which later releases may move. */
export function outputSchema(shape: Shape, reference: Json | undefined): Json {
  const item = reference ?? plainSchemas[shape.kind] ?? unknownKind(shape.kind);
  return shape.repeated ? { type: 'array', items: item } : item;
}

/** What a request may hold: exactly what its reader and its validator take. */
export function inputSchema(
  shape: Shape,
  reference: Json | undefined,
  limits: Limits,
  isRequired: boolean,
): Json {
  const item = reference ?? bounded(shape, limits, isPresent(shape, limits, isRequired));
  if (shape.repeated) {
    return defined({
      type: 'array',
      items: { ...item, ...amountBounds(shape, limits) },
      minItems: isRequired ? 1 : undefined,
      maxItems: limits.maxItems,
    });
  }
  return { ...item, ...amountBounds(shape, limits) };
}

/**
 * Whether what is empty is refused: where a field is required, and among the elements of a list
 * that has limits, which are never absent.
 */
function isPresent(shape: Shape, limits: Limits, isRequired: boolean): boolean {
  if (!shape.repeated) return isRequired;
  return limits.pattern !== undefined || limits.minLength !== undefined;
}

function bounded(shape: Shape, limits: Limits, isRequired: boolean): Json {
  const plain = plainSchemas[shape.kind] ?? unknownKind(shape.kind);
  const [smallest, largest] = integerRange[shape.kind] ?? [0n, 0n];
  const min = limits.min ?? smallest;
  const max = limits.max ?? largest;
  const roundMax = 10n ** BigInt(String(largest).length) - 1n;
  const roundMin = smallest < 0n ? -roundMax : 0n;
  switch (shape.kind) {
    case 'string':
      return { ...plain, ...stringBounds(limits, isRequired) };
    case 'int32':
    case 'uint32':
      return { ...plain, minimum: Number(min), maximum: Number(max) };
    case 'int64':
    case 'uint64':
      // The exact bounds of the type itself would be a pattern that nobody can read.
      return { ...plain, pattern: decimalRange(limits.min ?? roundMin, limits.max ?? roundMax) };
    case 'timestamp':
      return { ...plain, pattern: timePattern };
    case 'bytes':
      return defined({ ...plain, minLength: isRequired ? 1 : undefined });
    default:
      return plain;
  }
}

/** An empty string means "absent", to which no limit applies. */
function stringBounds({ minLength, maxLength, pattern }: Limits, isRequired: boolean): Json {
  const fewest = Math.max(minLength ?? 0, isRequired ? 1 : 0);
  const bounds = defined({
    minLength: fewest === 0 ? undefined : fewest,
    maxLength,
    pattern: pattern ?? textPattern,
  });
  const isLoose = isRequired || (minLength === undefined && pattern === undefined);
  return isLoose ? bounds : { anyOf: [{ maxLength: 0 }, bounds] };
}

/** Limits of a Money bound its amount. */
function amountBounds(shape: Shape, limits: Limits): Json {
  if (!isMoney(shape) || (limits.min === undefined && limits.max === undefined)) {
    return {};
  }
  const amount = bounded({ kind: 'int64', repeated: false, optional: false }, limits, true);
  return { properties: { amountMinor: amount } };
}

function unknownKind(kind: Kind): never {
  throw new Error(`A field of the kind ${kind} has no schema.`);
}
