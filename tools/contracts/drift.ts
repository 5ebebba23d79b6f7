import { findDrift } from '../gen/generate.ts';
import type { CheckResult } from './check-result.ts';

/** Whether gen/ is what the contracts and the generator make. */
export async function drift(): Promise<CheckResult> {
  const name = 'contracts: generated code';
  try {
    const differences = await findDrift();
    const lines = differences.map(({ path, change }) => `gen/${path} would be ${change}`);
    const detail = lines.length === 0 ? '' : ['Run npm run gen:', ...lines].join('\n');
    return { name, ok: lines.length === 0, detail };
  } catch (error) {
    return { name, ok: false, detail: error instanceof Error ? error.message : String(error) };
  }
}
