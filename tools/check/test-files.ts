import { globSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['drills', 'lib', 'services', 'gateway', 'tools', 'sdk', 'test', 'bench', 'web'];

/** System tests start the whole system, and measure nothing well beside others. */
const aloneFolder = join('test', 'system');

export interface TestFiles {
  together: string[];
  alone: string[];
}

/** The test files of a project, as paths relative to it; only those that contain `wanted`. */
export function findTestFiles(projectFolder: string, wanted: string): TestFiles {
  const patterns = folders.map((folder) => `${folder}/**/*.test.ts`);
  const files = globSync(patterns, { cwd: projectFolder })
    .filter((file) => file.includes(wanted) && !file.includes('node_modules'))
    .toSorted();
  const isAlone = (file: string) => file.startsWith(aloneFolder);
  return {
    together: files.filter((file) => !isAlone(file)),
    alone: files.filter(isAlone),
  };
}
