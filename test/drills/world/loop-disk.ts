import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  truncateSync,
} from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * A disk of its own, ext4 in a file, that can lose its power: what the file holds at a moment is
 * what the disk would hold, and all that the kernel has not written to it yet is lost. Needs root.
 */
export class LoopDisk {
  readonly folder: string;
  readonly #image: string;

  constructor(parent: string, name: string, megabytes: number) {
    this.folder = join(parent, name);
    this.#image = join(parent, `${name}.img`);
    mkdirSync(this.folder, { recursive: true });
    closeSync(openSync(this.#image, 'w'));
    truncateSync(this.#image, megabytes * 1024 * 1024);
    run('mkfs.ext4', '-q', '-F', '-m', '0', this.#image);
    this.#mount();
    chmodSync(this.folder, 0o755);
  }

  /**
   * The moment of the loss: call it while the server on the disk is stopped. Returns what puts the
   * disk as it was at that moment in the place of the present one, for when the server is gone.
   */
  losePower(): () => Promise<void> {
    const copy = `${this.#image}.lost`;
    run('cp', '--sparse=always', this.#image, copy);
    return async () => {
      await this.#unmount();
      renameSync(copy, this.#image);
      this.#mount();
    };
  }

  /** Leaves at most so many bytes free; returns what frees the others again. */
  fill(bytesLeft: number): () => void {
    const ballast = join(this.folder, 'ballast');
    const free = Number(run('stat', '-f', '-c', '%a', this.folder)) * blockBytes(this.folder);
    const wanted = Math.max(0, free - bytesLeft);
    try {
      run('fallocate', '-l', String(wanted), ballast);
    } catch {
      // The space of a moment ago has been used meanwhile: then it is full without us.
    }
    return () => rmSync(ballast, { force: true });
  }

  async remove(): Promise<void> {
    await this.#unmount();
    rmSync(this.#image, { force: true });
    rmSync(`${this.#image}.lost`, { force: true });
  }

  #mount(): void {
    run('mount', '-o', 'loop', this.#image, this.folder);
  }

  /** A process that was killed may hold the disk for a moment. */
  async #unmount(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        run('umount', this.folder);
        return;
      } catch (error) {
        if (attempt === 100) throw error;
        await sleep(50);
      }
    }
  }
}

function blockBytes(folder: string): number {
  return Number(run('stat', '-f', '-c', '%S', folder));
}

function run(command: string, ...args: string[]): string {
  return execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
