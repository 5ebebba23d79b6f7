import { readFile } from 'node:fs/promises';
import type { Server } from '@grpc/grpc-js';
import { ReflectionService } from '@grpc/reflection';
import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

type Root = ConstructorParameters<typeof ReflectionService>[0];

const descriptorsFile = new URL('../../gen/descriptors.binpb', import.meta.url);

/**
 * Adds server reflection, versions v1 and v1alpha, over the contracts' descriptors with their
 * imports. Only the given services are listed.
 */
export async function addReflection(server: Server, services: string[]): Promise<void> {
  const fileDescriptorProtos = filesOfSet(await readFile(descriptorsFile));
  // The service looks at nothing but these bytes; the rest of the type serves the proto loader.
  const root = { descriptors: { fileDescriptorProtos } } as unknown as Root;
  new ReflectionService(root, { services }).addToServer(server);
}

/**
 * The files of a google.protobuf.FileDescriptorSet, each still encoded: `repeated
 * FileDescriptorProto file = 1`.
 */
function filesOfSet(bytes: Uint8Array): Buffer[] {
  const reader = new BinaryReader(bytes);
  const files: Buffer[] = [];
  while (reader.pos < reader.len) {
    const [field, wireType] = reader.tag();
    if (field === 1 && wireType === WireType.LengthDelimited)
      files.push(Buffer.from(reader.bytes()));
    else reader.skip(wireType);
  }
  return files;
}
