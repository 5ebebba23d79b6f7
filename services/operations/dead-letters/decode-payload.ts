import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary, toJson, type Registry } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';

const descriptors = new URL('../../../gen/descriptors.binpb', import.meta.url);

let registry: Registry | undefined;

/** A payload as JSON, or why it is none. `type` is the full name of its message. */
export function decodePayload(
  type: string | null,
  bytes: Uint8Array,
): { payload: object } | { payloadProblem: string } {
  registry ??= createFileRegistry(fromBinary(FileDescriptorSetSchema, readFileSync(descriptors)));
  const message = registry.getMessage(type ?? '');
  if (!message) return { payloadProblem: 'no message of the contracts has this type' };
  try {
    return { payload: toJson(message, fromBinary(message, bytes)) as object };
  } catch (error) {
    return { payloadProblem: (error as Error).message };
  }
}
