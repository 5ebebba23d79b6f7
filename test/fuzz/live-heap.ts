import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '#test/harness/service.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';

const folder = temporaryFolder();

/** With these a process collects all its garbage on SIGUSR2, and writes down what is left. */
export const liveHeapEnvironment = {
  NODE_OPTIONS: `--heapsnapshot-signal=SIGUSR2 --diagnostic-dir=${folder}`,
};

/**
 * What a process has in use, in MiB, after a full collection: its resident memory says more about
 * when the last one was. `internalPort` has its metrics.
 */
export async function liveHeapMiB(pid: number, internalPort: string): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  const snapshots = await eventually(
    async () => readdirSync(folder).filter((name) => name.includes(`.${pid}.`)),
    ({ length }) => length > 0,
  );
  // It answers when the snapshot is written.
  const response = await fetch(`http://127.0.0.1:${internalPort}/metrics`);
  const metrics = await response.text();
  for (const name of snapshots) rmSync(join(folder, name));
  const bytes = ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) =>
    Number(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'm').exec(metrics)?.[1]),
  );
  return bytes.reduce((sum, one) => sum + one, 0) / 2 ** 20;
}
