import type { PurserError } from '#lib/errors/purser-error.ts';
import { type Position, start } from '../domain/position.ts';
import { heartbeat, LiveText } from './live-messages.ts';

/**
 * One open stream of one user, as the hub sees it. It holds no queue of its own: what it cannot
 * take now stays in the log, and the hub reads it from there when the stream is ready again.
 */
export abstract class Listener {
  readonly userId: string;
  /** After the last change that it was given. */
  position: Position = start;
  /** Whether it has its beginning, and gets what follows. */
  isLive = false;
  #lastMs = 0;
  #blockedSinceMs: number | undefined;

  constructor(userId: string) {
    this.userId = userId;
  }

  /** Whether it can take more now. When that changes to true, the transport calls `hub.ready`. */
  abstract isReady(): boolean;

  /** Ends the stream; its caller is told why. */
  abstract fail(error: PurserError): void;

  protected abstract send(texts: readonly LiveText[]): void;

  give(texts: readonly LiveText[], nowMs: number): void {
    const last = texts.at(-1);
    if (last === undefined) return;
    this.position = last.position;
    this.#lastMs = nowMs;
    this.send(texts);
  }

  /**
   * Looks after the stream, about once a second: says that it is alive when it has been silent.
   * Returns for how long it has not been ready.
   */
  tend(nowMs: number, heartbeatMs: number): number {
    if (!this.isReady()) {
      this.#blockedSinceMs ??= nowMs;
      return nowMs - this.#blockedSinceMs;
    }
    this.#blockedSinceMs = undefined;
    if (this.isLive && nowMs - this.#lastMs >= heartbeatMs) {
      this.give([new LiveText(this.userId, heartbeat, this.position)], nowMs);
    }
    return 0;
  }
}
