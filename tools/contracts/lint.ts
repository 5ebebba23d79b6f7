import { rootDirectory, runBuf } from '../gen/run-buf.ts';
import type { CheckResult } from './check-result.ts';

/** Whether the contracts follow the rules of buf.yaml. */
export async function lint(root = rootDirectory): Promise<CheckResult> {
  const { ok, output } = await runBuf(['lint', 'proto'], root);
  return { name: 'contracts: lint', ok, detail: output };
}

/** Whether the contracts are laid out as `buf format --write proto` lays them out. */
export async function format(root = rootDirectory): Promise<CheckResult> {
  const args = ['format', '--diff', '--exit-code', 'proto'];
  const { ok, output } = await runBuf(args, root);
  return { name: 'contracts: format', ok, detail: output };
}
