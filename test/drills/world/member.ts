import { setTimeout as sleep } from 'node:timers/promises';
import { freeze, thaw } from '#test/harness/freeze.ts';
import { sendSignal } from '../../../tools/local/running-process.ts';
import type { Running } from '../../../tools/start/supervised.ts';

export type MemberKind = 'orders' | 'payments' | 'notifications' | 'gateway' | 'postgres' | 'nats';

export type Process = Omit<Running, 'stop'> & { pid: number; stop(): Promise<unknown> };

const restartWaitMs = 100;

/** One process of the system under drill. It is started again whenever it ends, unless held. */
export class Member {
  readonly name: string;
  readonly kind: MemberKind;
  /** How often it has ended without having been asked to. */
  deaths = 0;
  readonly #start: () => Promise<Process>;
  #process: Process | undefined;
  #up = Promise.withResolvers<void>();
  #held: PromiseWithResolvers<void> | undefined;
  #frozen: number[] = [];
  #stopping = false;
  #loop: Promise<void> | undefined;

  constructor(name: string, kind: MemberKind, start: () => Promise<Process>) {
    this.name = name;
    this.kind = kind;
    this.#start = start;
  }

  /** Starts it for the first time and keeps it running; throws when that start fails. */
  async start(): Promise<void> {
    const first = await this.#start();
    this.#adopt(first);
    this.#loop = this.#keepRunning(first);
  }

  /** Undefined while it is down. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Resolves when there is a process; one that has just been started may not answer yet. */
  up(): Promise<void> {
    return this.#up.promise;
  }

  /** From now on it stays down when it ends, until `release`. */
  hold(): void {
    this.#held ??= Promise.withResolvers();
  }

  release(): void {
    this.#held?.resolve();
    this.#held = undefined;
  }

  /** Resolves when the process that runs now has ended. False when there is none. */
  async signal(name: NodeJS.Signals): Promise<boolean> {
    const process = this.#process;
    if (process === undefined) return false;
    sendSignal(process.pid, name);
    await process.exited;
    return true;
  }

  /** SIGKILL; frozen processes die of it as well. */
  kill(): Promise<boolean> {
    for (const pid of this.#frozen.splice(0)) sendSignal(pid, 'SIGKILL');
    return this.signal('SIGKILL');
  }

  /** SIGTERM, as a deployment ends it. */
  async stopOnce(): Promise<void> {
    await this.#process?.stop();
  }

  /** Stops the process, and PostgreSQL's sessions with it, in the middle of whatever they do. */
  freeze(): void {
    if (this.pid !== undefined) this.#frozen = freeze([this.pid]);
  }

  thaw(): void {
    thaw(this.#frozen.splice(0));
  }

  /** Ends it for good. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.thaw();
    this.release();
    await this.#process?.stop().catch(() => this.#process?.killNow());
    await this.#loop;
  }

  #adopt(process: Process): void {
    this.#process = process;
    this.#up.resolve();
  }

  async #keepRunning(first: Process): Promise<void> {
    let running: Process | undefined = first;
    while (!this.#stopping) {
      if (running !== undefined) {
        await running.exited;
        this.#process = undefined;
        this.#up = Promise.withResolvers();
        this.deaths += 1;
      }
      await this.#held?.promise;
      if (this.#stopping) return;
      await sleep(restartWaitMs);
      // A port that is not free yet, a disk that is full: it is tried until it works.
      running = await this.#start().catch(() => undefined);
      if (running !== undefined) this.#adopt(running);
    }
    if (running !== undefined && this.#process === running) await running.stop();
  }
}
