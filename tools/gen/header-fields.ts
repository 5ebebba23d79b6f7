import type { DescField, DescMethod } from '@bufbuild/protobuf';
import { headerFields } from '#lib/contract/header-fields.ts';
import { shapeOf } from './shape.ts';

type HeaderFieldName = keyof typeof headerFields;

/** What a field that is a header is for, in messages, and how an operation's reader fills it. */
interface HeaderSource {
  purpose: string;
  /** Member of RouteInput. */
  member: string;
  /** Function that makes the field of it, and the file it is in. */
  read: string;
  from: string;
}

const sources: Record<HeaderFieldName, HeaderSource> = {
  request_id: {
    purpose: 'idempotency key',
    member: 'idempotencyKey',
    read: 'readIdempotencyKey',
    from: '#lib/contract/read-input.ts',
  },
  etag: {
    purpose: 'etag',
    member: 'ifMatch',
    read: 'readIfMatch',
    from: '#lib/contract/entity-tag.ts',
  },
};

/** A field of the request that over REST is a header. */
export interface HeaderField extends HeaderSource {
  name: HeaderFieldName;
  field: DescField;
  /** 'If-Match' */
  header: string;
}

/** The header fields of a method that changes something, wherever its http rule has them. */
export function headerFieldsOf({ input }: DescMethod): HeaderField[] {
  return input.fields.flatMap((field) => {
    const { name } = field;
    if (!isHeaderFieldName(name)) {
      return [];
    }
    const shape = shapeOf(field);
    if (shape.kind !== 'string' || shape.repeated || shape.optional) {
      throw new Error(`${field}: the ${sources[name].purpose} must be a plain string`);
    }
    return [{ ...sources[name], name, field, header: headerFields[name] }];
  });
}

function isHeaderFieldName(name: string): name is HeaderFieldName {
  return Object.hasOwn(headerFields, name);
}
