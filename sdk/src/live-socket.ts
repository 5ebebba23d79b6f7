import { readLiveMessage } from '../../gen/sdk/readers.ts';
import type { LiveMessage } from '../../gen/sdk/types.ts';

/** The part of a WebSocket, as browsers and Node 22 have it, that is used. */
export interface LiveSocket {
  send(text: string): void;
  close(): void;
  addEventListener(type: 'open' | 'close' | 'error', listener: () => void): void;
  addEventListener(type: 'message', listener: (event: { data: unknown }) => void): void;
}

export interface LiveSocketOptions {
  /** That of the last message that was taken; undefined for a new beginning. */
  resumeToken: string | undefined;
  /** Ends it. */
  signal: AbortSignal;
  onMessage(message: LiveMessage): void;
}

/** How long the first message may take. */
const openMsMax = 10_000;

/** The server sends something every 15 s. */
const silenceMsMax = 40_000;

/** The address of the live stream for a page or program that has a ticket. */
export function liveUrl(base: string, ticket: string): string {
  return `${base.replace(/^http/, 'ws')}/v1/live?ticket=${encodeURIComponent(ticket)}`;
}

/**
 * Follows the live stream over one WebSocket until it ends: closed, silent for too long, speaking
 * something else, or no longer wanted. Resolves whether a message came; never rejects. After one
 * that brought none, begin anew: its token may be the reason.
 */
export function followLive(
  socket: LiveSocket,
  { resumeToken = '', signal, onMessage }: LiveSocketOptions,
): Promise<boolean> {
  return new Promise((resolve) => {
    let lived = false;
    let ended = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = () => {
      if (ended) return;
      ended = true;
      clearTimeout(timer);
      signal.removeEventListener('abort', end);
      socket.close();
      resolve(lived);
    };
    timer = setTimeout(end, openMsMax);
    signal.addEventListener('abort', end);
    socket.addEventListener('close', end);
    // A `close` follows, but not in every runtime soon.
    socket.addEventListener('error', end);
    socket.addEventListener('open', () => {
      if (!ended) socket.send(JSON.stringify({ resumeToken }));
    });
    socket.addEventListener('message', ({ data }) => {
      if (ended) return;
      clearTimeout(timer);
      timer = setTimeout(end, silenceMsMax);
      const message = parse(data);
      if (!message) return end();
      lived = true;
      onMessage(message);
    });
    if (signal.aborted) end();
  });
}

/** Undefined for what is no message: a server that speaks otherwise is none for us. */
function parse(data: unknown): LiveMessage | undefined {
  try {
    const json = JSON.parse(String(data)) as { kind?: unknown };
    return typeof json.kind === 'string' ? readLiveMessage(json) : undefined;
  } catch {
    return undefined;
  }
}
