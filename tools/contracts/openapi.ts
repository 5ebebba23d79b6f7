import { join } from 'node:path';
import { rootDirectory, runProgram } from '../gen/run-buf.ts';
import type { CheckResult } from './check-result.ts';

/** Without these it asks for its newest version, and reports that it was used. */
const silence = { REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true', REDOCLY_TELEMETRY: 'off' };

/** Whether the OpenAPI document follows every rule that Redocly recommends. */
export async function openApi(
  file = join(rootDirectory, 'gen/openapi.json'),
): Promise<CheckResult> {
  const config = join(import.meta.dirname, 'redocly.yaml');
  const args = ['lint', '--format=stylish', `--config=${config}`, file];
  const { ok, output } = await runProgram('redocly', args, rootDirectory, silence);
  return { name: 'contracts: OpenAPI', ok, detail: ok ? '' : output };
}
