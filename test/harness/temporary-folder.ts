import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folders = new Set<string>();

process.on('exit', () => {
  for (const folder of folders) {
    try {
      rmSync(folder, { recursive: true, force: true });
    } catch {
      // A server that ends together with this process still writes; whoever ends it (see
      // `orphanFolder` in tools/local) removes the folder once more.
    }
  }
});

/** A new folder, open to other users as PostgreSQL needs it; removed when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'purser-test-'));
  chmodSync(folder, 0o755);
  folders.add(folder);
  return folder;
}
