import { connect as connectHttp2, type ClientHttp2Session, constants } from 'node:http2';
import { connect } from 'node:net';
import type { GrpcCase } from './grpc-cases.ts';

/** What came of one case. */
export interface Verdict {
  /** Status of HTTP, `grpc 3`, `reset`, `closed`, `not sent`: for the count. */
  seen: string;
  /** Why it must not be so; undefined when it may. */
  wrong?: string | undefined;
}

/** A server that has said nothing after this has lost the request. */
const silenceMs = 15_000;

/** What must leave in no answer: where our code is, what it runs, whom it talks to. */
const leak =
  /node_modules|\.ts:\d+|\bat (async )?\w+ \(|postgres(ql)?:\/\/|ECONN|SQLSTATE|relation "/;

/** Sends the bytes, says that no more will come, and reads what is answered. */
export function sendHttp(port: number, bytes: Buffer): Promise<Verdict> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    let answer = '';
    const silent = setTimeout(() => {
      socket.destroy();
      resolve({ seen: 'silent', wrong: `no answer and no end after ${silenceMs} ms` });
    }, silenceMs);
    socket.setEncoding('latin1').on('data', (part) => (answer += part));
    // Whoever is refused early may not get the rest of what they send off.
    socket.on('error', () => {});
    socket.once('close', () => {
      clearTimeout(silent);
      resolve(judgeHttp(answer.replace(/^HTTP\/1\.1 100 Continue\r\n\r\n/, '')));
    });
    socket.end(bytes);
  });
}

function judgeHttp(answer: string): Verdict {
  if (answer === '') return { seen: 'closed' };
  const status = /^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1];
  if (status === undefined) return { seen: 'odd', wrong: `no HTTP: ${answer.slice(0, 80)}` };
  const seen = `HTTP ${status}`;
  if (leak.test(answer)) return { seen, wrong: `it tells too much: ${answer.slice(0, 2_000)}` };
  const isShed = status === '503' && answer.includes('"OVERLOADED"');
  const wrong = status >= '500' && !isShed ? answer.slice(0, 600) : undefined;
  return { seen, wrong };
}

/** Codes that blame the server: UNKNOWN, INTERNAL, DATA_LOSS, and UNAVAILABLE unless it is full. */
const faults = new Set(['2', '13', '14', '15']);

/** One connection, made anew when the server has ended it. */
export class GrpcSender {
  readonly #port: number;
  #session: ClientHttp2Session | undefined;

  constructor(port: number) {
    this.#port = port;
  }

  send({ headers, body, end }: GrpcCase): Promise<Verdict> {
    const session = this.#connected();
    return new Promise((resolve) => {
      let settled = false;
      const settle = (verdict: Verdict) => {
        clearTimeout(silent);
        settled = true;
        resolve(verdict);
      };
      const silent = setTimeout(() => {
        session.destroy();
        settle({ seen: 'silent', wrong: `no answer and no end after ${silenceMs} ms` });
      }, silenceMs);
      try {
        const stream = session.request(headers, { endStream: false });
        stream.on('error', () => {});
        const judge = (received: Record<string, unknown>) => {
          const verdict = judgeGrpc(received);
          if (verdict && !settled) settle(verdict);
        };
        stream.on('response', judge);
        stream.on('trailers', judge);
        // A stream that has begun to answer may never end.
        stream.once('data', () => setTimeout(() => stream.close(), 50));
        stream.once('close', () => !settled && settle({ seen: `reset ${stream.rstCode}` }));
        if (end === 'reset') stream.write(body, () => stream.close(constants.NGHTTP2_CANCEL));
        else stream.end(body);
      } catch (error) {
        settle({ seen: `not sent: ${(error as { code?: string }).code}` });
      }
    });
  }

  close(): void {
    this.#session?.destroy();
  }

  #connected(): ClientHttp2Session {
    if (this.#session === undefined || this.#session.closed || this.#session.destroyed) {
      this.#session = connectHttp2(`http://127.0.0.1:${this.#port}`);
      this.#session.on('error', () => {});
    }
    return this.#session;
  }
}

function judgeGrpc(received: Record<string, unknown>): Verdict | undefined {
  const status = received['grpc-status'];
  const http = received[':status'];
  if (status === undefined) {
    return http !== undefined && http !== 200 ? { seen: `HTTP ${String(http)}` } : undefined;
  }
  const text = decodeURIComponent(String(received['grpc-message'] ?? ''));
  const seen = `grpc ${String(status)}`;
  if (leak.test(text)) return { seen, wrong: `it tells too much: ${text}` };
  const details = Buffer.from(String(received['grpc-status-details-bin'] ?? ''), 'base64');
  const isShed = status === '14' && details.includes('OVERLOADED');
  return { seen, wrong: faults.has(String(status)) && !isShed ? `${seen}: ${text}` : undefined };
}
