import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

/**
 * Takes the data folder for this process until it ends, or throws a sentence that names who has it.
 * The lock is the operating system's, by way of an SQLite file: unlike a pid file it disappears
 * with its holder, however that ends, and two starts at the same moment cannot both have it.
 */
export function lockDataFolder(dataFolder: string): () => void {
  mkdirSync(dataFolder, { recursive: true });
  const holderFile = join(dataFolder, 'launcher.pid');
  const lock = new DatabaseSync(join(dataFolder, 'launcher.lock'), { timeout: 0 });
  try {
    lock.exec('begin exclusive');
  } catch (cause) {
    lock.close();
    if (!String(cause).includes('locked')) throw cause;
    const pid = readFileSync(holderFile, { encoding: 'utf8', flag: 'a+' }).trim();
    throw new Error(
      `Another npm start (process ${pid || 'unknown'}) runs on ${dataFolder}: ` +
        'stop it, or set PURSER_DATA to another folder.',
      { cause },
    );
  }
  writeFileSync(holderFile, `${process.pid}\n`);
  return () => lock.close();
}
