import { ScalarType } from '@bufbuild/protobuf';
import type { DescEnum, DescField, DescMessage } from '@bufbuild/protobuf';
import { FeatureSet_FieldPresence } from '@bufbuild/protobuf/wkt';

/** Kinds of values that the generator knows; each has a reader, a writer and checks. */
export type Kind =
  | 'string'
  | 'bool'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'bytes'
  | 'enum'
  | 'timestamp'
  | 'duration'
  | 'struct'
  | 'message';

/** A field as the generator sees it. */
export interface Shape {
  kind: Kind;
  repeated: boolean;
  /** Whether a scalar or enum may be undefined, by the keyword `optional`. */
  optional: boolean;
  message?: DescMessage;
  enum?: DescEnum;
}

const scalarKinds: Partial<Record<ScalarType, Kind>> = {
  [ScalarType.STRING]: 'string',
  [ScalarType.BOOL]: 'bool',
  [ScalarType.INT32]: 'int32',
  [ScalarType.SINT32]: 'int32',
  [ScalarType.SFIXED32]: 'int32',
  [ScalarType.UINT32]: 'uint32',
  [ScalarType.FIXED32]: 'uint32',
  [ScalarType.INT64]: 'int64',
  [ScalarType.SINT64]: 'int64',
  [ScalarType.SFIXED64]: 'int64',
  [ScalarType.UINT64]: 'uint64',
  [ScalarType.FIXED64]: 'uint64',
  [ScalarType.BYTES]: 'bytes',
};

/** Smallest and largest value of the kinds that are integers. */
export const integerRange: Partial<Record<Kind, readonly [bigint, bigint]>> = {
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** Type names of messages that have a JSON form of their own, or none but that of a message. */
const wellKnownKinds: Record<string, Kind> = {
  'google.protobuf.Timestamp': 'timestamp',
  'google.protobuf.Duration': 'duration',
  'google.protobuf.Struct': 'struct',
  'google.protobuf.Empty': 'message',
};

/** Throws when a field is of a type that the generator does not know. */
export function shapeOf(field: DescField): Shape {
  checkNames(field);
  if (field.oneof !== undefined) {
    throw new Error(`${field}: oneof is not supported`);
  }
  const optional = field.presence === FeatureSet_FieldPresence.EXPLICIT;
  const repeated = field.fieldKind === 'list';
  if (field.message !== undefined && field.fieldKind !== 'map') {
    const kind = messageKind(field, field.message);
    return { kind, repeated, optional: false, message: field.message };
  }
  if (field.enum !== undefined && field.fieldKind !== 'map') {
    return { kind: 'enum', repeated, optional, enum: field.enum };
  }
  const kind = field.fieldKind === 'map' ? undefined : scalarKinds[field.scalar as ScalarType];
  if (kind === undefined) {
    const type = field.fieldKind === 'map' ? 'map' : ScalarType[field.scalar as ScalarType];
    throw new Error(`${field}: the type ${type.toLowerCase()} is not supported`);
  }
  return { kind, repeated, optional };
}

function messageKind(field: DescField, message: DescMessage): Kind {
  const known = wellKnownKinds[message.typeName];
  if (known === undefined && message.typeName.startsWith('google.')) {
    throw new Error(`${field}: the type ${message.typeName} is not supported`);
  }
  return known ?? 'message';
}

/** Whether a message may lack a value of the field, rather than hold an empty one. */
export function mayBeUndefined({ kind, optional }: Shape): boolean {
  return optional || ['message', 'timestamp', 'duration', 'struct'].includes(kind);
}

/** The JSON name must follow from the proto name alone, for paths are translated by rule. */
function checkNames(field: DescField): void {
  if (!/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(field.name)) {
    throw new Error(`${field}: the name is not in lower_snake_case`);
  }
  const byRule = field.name.replace(/_([a-z0-9])/g, (_, next: string) => next.toUpperCase());
  if (field.jsonName !== byRule) {
    throw new Error(`${field}: json_name "${field.jsonName}" is not supported, only "${byRule}"`);
  }
}

/** The name of a message or enum in ts-proto's output: 'Order_State' for a nested one. */
export function typeName(desc: DescMessage | DescEnum): string {
  const { package: packageName } = desc.file.proto;
  return desc.typeName.slice(packageName === '' ? 0 : packageName.length + 1).replaceAll('.', '_');
}

/** A field that does not hold a message of its own and is never undefined in one. */
export function emptyValue(shape: Shape): string {
  if (shape.repeated) {
    return '[]';
  }
  if (shape.optional) {
    return 'undefined';
  }
  switch (shape.kind) {
    case 'string':
      return "''";
    case 'bool':
      return 'false';
    case 'int32':
    case 'uint32':
    case 'enum':
      return '0';
    case 'int64':
    case 'uint64':
      return '0n';
    case 'bytes':
      return 'new Uint8Array(0)';
    default:
      return 'undefined';
  }
}
