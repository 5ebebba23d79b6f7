// One side of the comparison: the contracts as they were, or as they are in the working tree.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { create, createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescFile } from '@bufbuild/protobuf';
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import type { FileDescriptorSet } from '@bufbuild/protobuf/wkt';
import { buildModel } from '../../gen/model.ts';
import type { Model } from '../../gen/model.ts';
import { readOptions } from '../../gen/options.ts';
import type { Options } from '../../gen/options.ts';
import { plugin } from '../../gen/plugin.ts';
import { runBuf } from '../../gen/run-buf.ts';
import { git } from '../base.ts';

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** The documents that are compared beside the contracts; undefined where a side has none. */
export interface Documents {
  openapi: Json | undefined;
  asyncapi: Json | undefined;
}

export interface Side extends Documents {
  /** File with the descriptors, for buf. */
  image: string;
  /** Our own contracts, without what they import. */
  files: DescFile[];
  options: Options;
  /** Undefined when the contracts break a rule that today's generator has. */
  model: Model | undefined;
}

/** The working tree, with the documents that today's generator makes. Throws when it refuses. */
export async function readHead(root: string, image: string): Promise<Side> {
  const set = await build(root, image);
  const made = generate(set);
  const document = async (name: string) =>
    made.get(name) ?? (await readFile(join(root, 'gen', name), 'utf8').catch(() => undefined));
  return side(set, image, {
    openapi: parse(await document('openapi.json')),
    asyncapi: parse(await document('asyncapi.json')),
  });
}

/** A commit whose contracts lie in `tree`, with the documents that it has in gen/. */
export async function readBase(
  { root, commit, tree }: { root: string; commit: string; tree: string },
  image: string,
): Promise<Side> {
  const document = async (name: string) => parse(await git(root, 'show', `${commit}:gen/${name}`));
  const documents = {
    openapi: await document('openapi.json'),
    asyncapi: await document('asyncapi.json'),
  };
  return side(await build(tree, image), image, documents);
}

async function build(directory: string, image: string): Promise<FileDescriptorSet> {
  const args = ['build', '--path', 'proto/purser', '--as-file-descriptor-set', '-o', image];
  const { ok, output } = await runBuf(args, directory);
  if (!ok) throw new Error(output);
  return fromBinary(FileDescriptorSetSchema, await readFile(image));
}

function side(set: FileDescriptorSet, image: string, documents: Documents): Side {
  const all = [...createFileRegistry(set).files];
  const options = readOptions(all);
  const files = all.filter(({ name }) => name.startsWith('purser/'));
  return { ...documents, image, files, options, model: modelOf(files, options) };
}

function modelOf(files: DescFile[], options: Options): Model | undefined {
  try {
    return buildModel(files, options);
  } catch {
    return undefined;
  }
}

/** Every file that our plugin makes of the contracts, by its name. */
export function generate({ file }: FileDescriptorSet): Map<string, string> {
  const fileToGenerate = file.map(({ name }) => name).filter((name) => name.startsWith('purser/'));
  const request = { fileToGenerate, parameter: 'target=ts', protoFile: file };
  const response = plugin.run(create(CodeGeneratorRequestSchema, request));
  return new Map(response.file.map(({ name, content }) => [name, content]));
}

function parse(text: string | undefined): Json | undefined {
  return text === undefined ? undefined : (JSON.parse(text) as Json);
}
