import type { LiveMessage } from '#gen/purser/notifications/v1/live.ts';
import type { SubscribeRequest } from '#gen/purser/notifications/v1/live_service.ts';
import type { PurserError } from '#lib/errors/purser-error.ts';
import type { StreamHandler } from '#lib/grpc/stream-call.ts';
import { Listener } from '../live/listener.ts';
import type { LiveText } from '../live/live-messages.ts';
import type { NotificationsDeps } from '../service.ts';

export function subscribe({
  hub,
}: NotificationsDeps): StreamHandler<SubscribeRequest, LiveMessage> {
  return async function* (request, { userId, signal, fail }) {
    const listener = new GrpcListener(userId, fail);
    const abort = () => listener.end();
    signal.addEventListener('abort', abort, { once: true });
    try {
      await hub.join(listener, request.resumeToken);
      for (;;) {
        const texts = await listener.taken();
        if (texts === undefined) return;
        for (const { message } of texts) yield message;
        hub.ready(listener);
      }
    } finally {
      signal.removeEventListener('abort', abort);
      hub.leave(listener);
    }
  };
}

/** Ready when the kit, which waits for the caller to read, has sent all that it was given. */
class GrpcListener extends Listener {
  readonly #fail: (error: PurserError) => void;
  readonly #texts: LiveText[] = [];
  #taking = false;
  #ended = false;
  #wake: (() => void) | undefined;

  constructor(userId: string, fail: (error: PurserError) => void) {
    super(userId);
    this.#fail = fail;
  }

  override isReady(): boolean {
    return !this.#taking && this.#texts.length === 0;
  }

  override fail(error: PurserError): void {
    this.#fail(error);
  }

  end(): void {
    this.#ended = true;
    this.#wake?.();
  }

  protected override send(texts: readonly LiveText[]): void {
    this.#texts.push(...texts);
    for (const text of texts) text.startPush('grpc').end();
    this.#wake?.();
  }

  /** The messages to send next; undefined at the end. */
  async taken(): Promise<LiveText[] | undefined> {
    this.#taking = false;
    while (this.#texts.length === 0 && !this.#ended) {
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    if (this.#ended) return undefined;
    this.#taking = true;
    return this.#texts.splice(0);
  }
}
