import { globSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['lib', 'services', 'gateway', 'tools', 'sdk', 'test', 'web'];

/** They start the whole system. The others come first: when a part is broken, so is the whole. */
const systemFolder = join('test', 'system');

/** It takes all processors for a minute at most, and plays more the more it gets of them. */
const simulation = join('test', 'simulation', 'simulation.test.ts');

export interface TestFiles {
  parts: string[];
  /** Nothing else runs beside them. */
  alone: string[];
  systems: string[];
}

/** The test files of a project, as paths relative to it; only those that contain `wanted`. */
export function findTestFiles(projectFolder: string, wanted: string): TestFiles {
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`);
  const files = globSync(patterns, { cwd: projectFolder })
    .filter((file) => file.includes(wanted) && !file.includes('node_modules'))
    .toSorted();
  const isSystem = (file: string) => file.startsWith(systemFolder);
  return {
    parts: files.filter((file) => !isSystem(file) && file !== simulation),
    alone: files.filter((file) => file === simulation),
    systems: files.filter(isSystem),
  };
}
