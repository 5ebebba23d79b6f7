import { Agent, request } from 'node:http';

export interface Answer {
  /** 0 when there was none: refused, cut off or too late. */
  status: number;
  body: Body | undefined;
}

/** What the gateway answers, as far as clients here look at it. */
export interface Body {
  name?: string;
  version?: string;
  state?: string;
  ledgerVersion?: string;
  balance?: { amountMinor: string };
  reason?: string;
  /** Of a request that is asked for by its key. */
  order?: Body;
  account?: Body;
}

/** An order as its answer shows it. */
export function orderIn({ name = '', version = '0', state = '' }: Body = {}) {
  return { orderId: name.replace('orders/', ''), version: BigInt(version), state };
}

/** An account as its answer shows it; one without entries has no version. */
export function accountIn({ ledgerVersion = '0', balance }: Body = {}) {
  return { version: BigInt(ledgerVersion), balanceMinor: BigInt(balance?.amountMinor ?? -1) };
}

/** Longer than the gateway gives itself, so that what it says is heard. */
const timeoutMs = 15_000;

/** HTTP with kept connections; `fetch` costs this process twice the time. Never rejects. */
export class Rest {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 200 });

  send(
    port: number,
    {
      method,
      path,
      userId,
      body,
      key,
    }: { method: string; path: string; userId: string; body?: unknown; key?: string | undefined },
  ): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers = {
      'x-user-id': userId,
      ...(key !== undefined && { 'idempotency-key': key }),
      ...(text !== undefined && {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(text)),
      }),
    };
    const { promise, resolve } = Promise.withResolvers<Answer>();
    const options = { host: '127.0.0.1', port, method, path, headers, agent: this.#agent };
    const outgoing = request(options, (incoming) => {
      let received = '';
      incoming.setEncoding('utf8');
      incoming.on('data', (chunk: string) => (received += chunk));
      incoming.on('error', () => resolve({ status: 0, body: undefined }));
      incoming.on('aborted', () => resolve({ status: 0, body: undefined }));
      incoming.on('end', () => {
        try {
          resolve({ status: incoming.statusCode ?? 0, body: JSON.parse(received) });
        } catch {
          resolve({ status: 0, body: undefined });
        }
      });
    });
    outgoing.setTimeout(timeoutMs, () => outgoing.destroy());
    outgoing.on('error', () => resolve({ status: 0, body: undefined }));
    outgoing.end(text);
    return promise;
  }

  close(): void {
    this.#agent.destroy();
  }
}
