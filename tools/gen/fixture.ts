// Runs the generator on contracts that a test makes up.
import { create, fromBinary } from '@bufbuild/protobuf';
import { CodeGeneratorRequestSchema, FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { plugin } from './plugin.ts';
import { generateTemplate, rootDirectory, runBuf } from './run-buf.ts';
import type { ProgramResult } from './run-buf.ts';

/** A project with our buf configuration, our options, our Money, and a test's own contracts. */
export interface Fixture {
  directory: string;
  /** All that `buf generate` does, with every plugin. */
  generate(): Promise<ProgramResult>;
  /** A generated file's text. */
  read(path: string): Promise<string>;
  /** A generated file as a module. */
  load<T>(path: string): Promise<T>;
  remove(): Promise<void>;
}

/** The contracts are proto text by their path below proto/. */
export async function createFixture(contracts: Record<string, string>): Promise<Fixture> {
  const directory = await mkdtemp(join(tmpdir(), 'purser-fixture-'));
  for (const name of ['node_modules', 'tools', 'lib', 'sdk']) {
    await symlink(join(rootDirectory, name), join(directory, name));
  }
  for (const name of ['buf.yaml', 'proto/purser/api', 'proto/purser/type']) {
    await cp(join(rootDirectory, name), join(directory, name), { recursive: true });
  }
  const imports = { '#lib/*': './lib/*', '#gen/*': './gen/*' };
  await writeFile(join(directory, 'package.json'), JSON.stringify({ type: 'module', imports }));
  for (const [path, text] of Object.entries(contracts)) {
    await mkdir(dirname(join(directory, 'proto', path)), { recursive: true });
    await writeFile(join(directory, 'proto', path), text);
  }
  return {
    directory,
    generate: () => runBuf(['generate', '--template', generateTemplate], directory),
    read: (path) => readFile(join(directory, 'gen', path), 'utf8'),
    load: (path) => import(join(directory, 'gen', path)),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}

/** Generated text by path, or the message of what the plugin refuses. */
export type Outcome = { files: Map<string, string> } | { error: string };

/**
 * Compiles the contracts once, and runs only our plugin, in this process, on any of them: fast
 * enough for a table of mistakes.
 */
export async function compile(
  contracts: Record<string, string>,
): Promise<(...paths: string[]) => Outcome> {
  const fixture = await createFixture(contracts);
  try {
    const image = join(fixture.directory, 'image.binpb');
    const { ok, output } = await runBuf(
      ['build', '--path', 'proto/purser', '--as-file-descriptor-set', '-o', image],
      fixture.directory,
    );
    if (!ok) {
      throw new Error(output);
    }
    const { file: protoFile } = fromBinary(FileDescriptorSetSchema, await readFile(image));
    return (...fileToGenerate) => {
      const init = { fileToGenerate, parameter: 'target=ts', protoFile };
      try {
        const response = plugin.run(create(CodeGeneratorRequestSchema, init));
        return { files: new Map(response.file.map(({ name, content }) => [name, content])) };
      } catch (error) {
        return { error: (error as Error).message };
      }
    };
  } finally {
    await fixture.remove();
  }
}
