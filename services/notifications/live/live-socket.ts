import type { Duplex } from 'node:stream';
import type { RawData, WebSocket } from 'ws';
import { streams } from '#gen/streams.ts';
import type { SubscribeRequest } from '#gen/purser/notifications/v1/live_service.ts';
import type { FieldViolation } from '#lib/contract/types.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import { isTransient } from '#lib/pg/failure.ts';
import { endAll, type Span } from '#lib/trace/tracing.ts';
import type { NotificationsDeps } from '../service.ts';
import { Listener } from './listener.ts';
import type { LiveText } from './live-messages.ts';

const stream = streams['/purser.notifications.v1.LiveService/Subscribe'];

/** Why we close a WebSocket; docs/live.md tells what a client does then. */
export const closeCodes = {
  /** A frame that is not text. */
  unsupported: 1003,
  internal: 1011,
  /** The instance stops, or lacks its database: subscribe again with the last token. */
  restart: 1012,
  /** The client was too slow: subscribe again with the last token. */
  slow: 1013,
  /** The first frame is no valid SubscribeRequest, came too late, or was not the only one. */
  invalid: 4400,
} as const;

const pingFrame = Buffer.from([0x89, 0]);

/** How long a client that was told to leave may take. */
const leaveMs = 2_000;

export interface LiveSocketOptions {
  userId: string;
  /** The connection that the WebSocket is on. */
  wire: Duplex;
  deps: NotificationsDeps;
  limits: { subscribeMs: number; pingMs: number; bufferedBytes: number };
}

/**
 * One WebSocket: its first frame is the subscription, and then everything goes the other way. What
 * is on its way to a client is bounded: above the limit nothing more is sent until it has left.
 * Frames are written to the connection as they are: through `ws` each costs two buffers and twice
 * the processor time, and one made for all sockets of a user is copied for each.
 */
export class LiveSocket extends Listener {
  /** Sent so far. */
  messages = 0;
  readonly #socket: WebSocket;
  readonly #options: LiveSocketOptions;
  readonly #late: NodeJS.Timeout;
  #pingedMs = performance.now();
  #unanswered = 0;
  #subscribed = false;
  #full = false;

  constructor(socket: WebSocket, options: LiveSocketOptions) {
    super(options.userId);
    this.#socket = socket;
    this.#options = options;
    this.#late = setTimeout(
      () => this.#close(closeCodes.invalid, 'no subscription came'),
      options.limits.subscribeMs,
    );
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => (this.#unanswered = 0));
    // A frame that breaks the protocol or is too large: ws closes the socket by itself.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(this.#late);
      options.deps.hub.leave(this);
    });
  }

  override isReady(): boolean {
    return !this.#full && this.#socket.readyState === this.#socket.OPEN;
  }

  override fail(error: PurserError): void {
    const { reason } = error;
    if (reason === 'INVALID_REQUEST') {
      this.#close(closeCodes.invalid, sentence(error.violations ?? []));
    } else if (reason === 'OVERLOADED') {
      this.#close(closeCodes.slow, 'too slow; resume with the last token');
    } else if (reason === 'DEPENDENCY_UNAVAILABLE') {
      this.#close(closeCodes.restart, 'resume with the last token');
    } else {
      this.#close(closeCodes.internal, reason);
    }
  }

  override tend(nowMs: number, heartbeatMs: number): number {
    if (nowMs - this.#pingedMs >= this.#options.limits.pingMs) {
      if (this.#unanswered >= 2) {
        this.#socket.terminate();
      } else {
        this.#unanswered += 1;
        this.#pingedMs = nowMs;
        this.#options.wire.write(pingFrame);
      }
    }
    return super.tend(nowMs, heartbeatMs);
  }

  protected override send(texts: readonly LiveText[]): void {
    const { wire, limits } = this.#options;
    const frames = texts.map(({ frame }) => frame);
    const bytes = frames.length === 1 ? frames[0]! : Buffer.concat(frames);
    const spans = texts
      .map((text) => text.startPush('websocket'))
      .filter(({ isRecorded }) => isRecorded);
    this.#full = wire.writableLength + bytes.length > limits.bufferedBytes;
    this.messages += texts.length;
    if (!this.#full && spans.length === 0) wire.write(bytes);
    else wire.write(bytes, (error) => this.#sent(spans, error));
  }

  #sent(spans: readonly Span[], error: Error | null | undefined): void {
    endAll(spans, { error: error ?? undefined });
    const { wire, limits } = this.#options;
    if (!this.#full || wire.writableLength > limits.bufferedBytes / 2) return;
    this.#full = false;
    this.#options.deps.hub.ready(this);
  }

  #receive(data: RawData, isBinary: boolean): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    if (isBinary) return this.#close(closeCodes.unsupported, 'send text');
    if (this.#subscribed) return this.#close(closeCodes.invalid, 'one subscription is enough');
    this.#subscribed = true;
    clearTimeout(this.#late);
    this.#subscribe(String(data)).catch((error: unknown) => this.#failWith(error));
  }

  async #subscribe(text: string): Promise<void> {
    const { resumeToken } = readSubscription(text);
    await this.#options.deps.hub.join(this, resumeToken);
    // It may have closed while its beginning was read.
    if (this.#socket.readyState !== this.#socket.OPEN) this.#options.deps.hub.leave(this);
  }

  #failWith(error: unknown): void {
    if (error instanceof PurserError) return this.fail(error);
    const reason = isTransient(error) ? 'DEPENDENCY_UNAVAILABLE' : 'INTERNAL';
    this.#options.deps.log.warn({ error }, 'a subscription failed');
    this.fail(new PurserError(reason, {}, { cause: error }));
  }

  /** The reason of a close may have 123 bytes. */
  #close(code: number, reason: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#options.deps.hub.leave(this);
    this.#socket.close(code, reason.replaceAll(/[^ -~]/g, '?').slice(0, 120));
    setTimeout(() => this.#socket.terminate(), leaveMs).unref();
  }
}

/** Throws INVALID_REQUEST. */
function readSubscription(text: string): SubscribeRequest {
  const violations: FieldViolation[] = [];
  const request = stream.read(parse(text), violations);
  if (violations.length === 0) violations.push(...stream.validate(request));
  if (violations.length > 0) throw new PurserError('INVALID_REQUEST', {}, { violations });
  return request;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    const violations = [{ field: '', description: 'the first frame must be JSON' }];
    throw new PurserError('INVALID_REQUEST', {}, { violations });
  }
}

function sentence(violations: readonly FieldViolation[]): string {
  return violations.map(({ field, description }) => `${field} ${description}`.trim()).join('; ');
}
