import type { MethodDefinition } from '@grpc/grpc-js';
import { BinaryReader } from '@bufbuild/protobuf/wire';

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/**
 * The definition of a method whose requests must be UTF-8 wherever they hold text, as proto3
 * demands: reading one that is not throws a TypeError. ts-proto alone puts U+FFFD where it cannot
 * decode, and the service would store what nobody sent.
 */
export function withStrictText<Req, Res>(
  definition: MethodDefinition<Req, Res>,
): MethodDefinition<Req, Res> {
  return {
    ...definition,
    requestDeserialize: (bytes) => {
      // What ts-proto generates takes a reader wherever it takes bytes; the type does not say so.
      const reader: unknown = new BinaryReader(bytes, (text) => decoder.decode(text));
      return definition.requestDeserialize(reader as Buffer);
    },
  };
}
