import { cpSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { natsServerBinary, testFileStoreMax } from '#test/harness/servers.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { freePort } from '../../tools/local/free-port.ts';
import { type NatsServer, startNatsServer } from '../../tools/local/nats-server.ts';

/** A nats-server of one test, at one address for all its lives, to be killed, frozen and wiped. */
export class BreakableNats {
  readonly #folder = temporaryFolder();
  readonly #port: number;
  #server: NatsServer | undefined;

  private constructor(port: number) {
    this.#port = port;
  }

  /** Has an address, but nothing listens there before `start`. */
  static async create(): Promise<BreakableNats> {
    return new BreakableNats(await freePort());
  }

  get url(): string {
    return `nats://127.0.0.1:${this.#port}`;
  }

  async start(): Promise<void> {
    this.#server = await startNatsServer({
      binary: await natsServerBinary(),
      storeDir: join(this.#folder, 'nats'),
      port: this.#port,
      fileStoreMax: testFileStoreMax,
      orphanFolder: this.#folder,
    });
    this.#server.unref();
  }

  /** The crash; what was stored stays. */
  async kill(): Promise<void> {
    await this.#server?.kill();
  }

  /** The crash that also takes the disk. */
  async killAndWipe(): Promise<void> {
    await this.kill();
    rmSync(join(this.#folder, 'nats'), { recursive: true });
  }

  /** The crash; what was stored until now is put aside. */
  async killAndCopy(): Promise<void> {
    await this.kill();
    cpSync(join(this.#folder, 'nats'), join(this.#folder, 'copy'), { recursive: true });
  }

  /** The crash; the copy takes the place of what was stored. */
  async killAndRestore(): Promise<void> {
    await this.killAndWipe();
    cpSync(join(this.#folder, 'copy'), join(this.#folder, 'nats'), { recursive: true });
  }

  /** Returns when it has taken effect: a running server may answer once more after the signal. */
  async freeze(): Promise<void> {
    process.kill(this.#pid, 'SIGSTOP');
    await sleep(50);
  }

  thaw(): void {
    process.kill(this.#pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  get #pid(): number {
    if (this.#server === undefined) throw new Error('the server was never started');
    return this.#server.pid;
  }
}
