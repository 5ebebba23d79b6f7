import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface HttpReply {
  status: number;
  body: string;
}

/**
 * One kept-alive HTTP/1.1 connection for the load generator: one request at a time, prepared bytes
 * out, status and body in. It understands what our gateway sends (a Content-Length on every reply)
 * and nothing else, and so costs a few microseconds a request; the load generator shares the
 * machine with what it measures.
 */
export class HttpConnection {
  readonly #url: URL;
  #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #waiting: PromiseWithResolvers<HttpReply> | undefined;

  private constructor(url: URL, socket: Socket) {
    this.#url = url;
    this.#socket = this.#adopt(socket);
  }

  static async open(url: URL): Promise<HttpConnection> {
    return new HttpConnection(url, await connected(url));
  }

  /**
   * Sends one request; the one before must be answered. Rejects when the connection ends before the
   * answer. One that has ended since the last answer, as servers do with idle ones, is opened anew.
   */
  async send(request: string): Promise<HttpReply> {
    if (this.#waiting !== undefined) throw new Error('A request is still in flight.');
    if (this.#socket.destroyed) this.#socket = this.#adopt(await connected(this.#url));
    this.#waiting = Promise.withResolvers<HttpReply>();
    this.#socket.write(request);
    return this.#waiting.promise;
  }

  close(): void {
    this.#waiting = undefined;
    this.#socket.destroy();
  }

  #adopt(socket: Socket): Socket {
    this.#received = Buffer.alloc(0);
    // What an earlier one has left to say is of no more interest.
    const fail = (error: Error) => this.#socket === socket && this.#fail(error);
    socket.on('data', (chunk: Buffer) => this.#receive(chunk));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('The server closed the connection.')));
    return socket;
  }

  #receive(chunk: Buffer): void {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: (\d+)/i.exec(head);
    if (length === null) return this.#fail(new Error(`A reply without its length:\n${head}`));
    const end = headEnd + 4 + Number(length[1]);
    if (this.#received.length < end) return;
    const reply = {
      status: Number(head.slice(9, 12)),
      body: this.#received.toString('utf8', headEnd + 4, end),
    };
    this.#received = this.#received.subarray(end);
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.resolve(reply);
  }

  #fail(error: Error): void {
    this.#waiting?.reject(error);
    this.#waiting = undefined;
    this.#socket.destroy();
  }
}

async function connected(url: URL): Promise<Socket> {
  const socket = connect({ host: url.hostname, port: Number(url.port), noDelay: true });
  await once(socket, 'connect');
  return socket;
}

/** The bytes of a request; `body` is sent as JSON. */
export function requestOf(
  method: 'GET' | 'POST',
  path: string,
  headers: Readonly<Record<string, string>>,
  body?: unknown,
): string {
  const text = body === undefined ? '' : JSON.stringify(body);
  const lines = Object.entries({
    Host: 'localhost',
    ...headers,
    ...(body !== undefined && {
      'Content-Type': 'application/json',
      'Content-Length': String(Buffer.byteLength(text)),
    }),
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`;
}
