import { breaking } from '../contracts/breaking.ts';
import { drift } from '../contracts/drift.ts';
import { format, lint } from '../contracts/lint.ts';
import { openApi } from '../contracts/openapi.ts';
import { tidyProblems } from '../tidy.ts';
import type { Check } from './check.ts';
import { programCheck, projectFolder } from './program.ts';

/** What people write; `gen/` keeps the form that its plugins give it. */
const formatted = ['gateway', 'lib', 'sdk', 'services', 'test', 'tools', 'web'];

const ignored = ['--ignore-pattern', 'gen/', '--ignore-pattern', 'web/dist*/'];
const lintArguments = ['-c', 'tools/check/oxlintrc.json', ...ignored];

/** Everything that `npm test` checks before it runs the tests. */
export const checks: readonly Check[] = [
  programCheck('types', 'tsc', ['--noEmit']),
  // The main entry of the SDK must do with what browsers have.
  programCheck('types of the SDK in browsers', 'tsc', ['--noEmit', '-p', 'sdk']),
  programCheck('types of the store front', 'tsc', ['--noEmit', '-p', 'web']),
  programCheck('lint', 'oxlint', [...lintArguments, '--deny-warnings']),
  programCheck('format', 'prettier', ['--check', ...formatted]),
  { name: 'tidy', run: tidy },
  { name: 'contracts: lint', run: () => lint() },
  { name: 'contracts: format', run: () => format() },
  { name: 'contracts: breaking changes', run: () => breaking() },
  { name: 'contracts: generated code', run: () => drift() },
  { name: 'contracts: OpenAPI', run: () => openApi() },
];

async function tidy() {
  const problems = tidyProblems(projectFolder);
  return { ok: problems.length === 0, detail: problems.join('\n') };
}
