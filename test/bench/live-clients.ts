// The clients of the benchmark, in a process of their own. They speak WebSocket by hand: a library
// would take the processor time that is to be measured elsewhere.
import { connect, type Socket } from 'node:net';

export type Asked =
  | { kind: 'open'; port: number; from: number; to: number }
  | { kind: 'deaf'; port: number; user: string; count: number }
  | { kind: 'expect'; count: number };

export interface Told {
  error?: string;
  latenciesMs?: number[];
}

/** Handshakes under way at a time. */
const openingMax = 100;

/** How long nothing may come although more is expected. */
const silenceMsMax = 30_000;

/** How long it takes from a change's time to here is read from one message in so many. */
const sampledEvery = 7;

let expected = 0;
let received = 0;
let latenciesMs: number[] = [];
let silent: NodeJS.Timeout | undefined;

process.on('message', (asked: Asked) => {
  answer(asked).then(
    (told) => told && process.send!(told),
    (error: unknown) => process.send!({ error: String(error) }),
  );
});
process.on('disconnect', () => process.exit());

async function answer(asked: Asked): Promise<Told | undefined> {
  if (asked.kind === 'expect') {
    [expected, received, latenciesMs] = [asked.count, 0, []];
    listen();
    return undefined;
  }
  if (asked.kind === 'deaf') {
    for (let index = 0; index < asked.count; index += 1) {
      const socket = await open(asked.port, asked.user, '127.0.0.1');
      socket.pause();
    }
    return {};
  }
  let next = asked.from;
  const work = async () => {
    while (next < asked.to) {
      const index = next++;
      // An address has 28,000 ports.
      const from = `127.0.0.${2 + Math.floor(index / 20_000)}`;
      const socket = await open(asked.port, `bench-${index}`, from);
      await beginning(socket);
    }
  };
  await Promise.all(Array.from({ length: openingMax }, work));
  return {};
}

function listen(): void {
  clearTimeout(silent);
  silent = setTimeout(() => {
    process.send!({ error: `only ${received} of ${expected} messages came` });
  }, silenceMsMax);
}

/** Opens a WebSocket and subscribes. */
function open(port: number, user: string, localAddress: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', localAddress, noDelay: true });
    socket.once('error', reject);
    socket.once('close', () => reject(new Error(`the socket of ${user} was closed`)));
    socket.write(
      `GET /v1/live HTTP/1.1\r\nhost: bench\r\nx-user-id: ${user}\r\nconnection: upgrade\r\n` +
        'upgrade: websocket\r\nsec-websocket-version: 13\r\n' +
        'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    socket.once('data', (head) => {
      if (!head.toString('latin1').startsWith('HTTP/1.1 101')) {
        reject(new Error(head.toString('latin1').split('\r\n').at(-1)));
        return;
      }
      // {} in a frame whose mask is zero.
      socket.write(Buffer.from([0x81, 0x82, 0, 0, 0, 0, 0x7b, 0x7d]));
      resolve(socket);
    });
  });
}

/** Resolves when the snapshot is there; what comes then is counted. */
function beginning(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    let rest: Buffer = Buffer.alloc(0);
    socket.on('data', (chunk: Buffer) => {
      rest = takeFrames(rest.length === 0 ? chunk : Buffer.concat([rest, chunk]), {
        socket,
        onText: (text) => (text.includes('SNAPSHOT') ? resolve() : take(text)),
      });
    });
  });
}

/** Reads whole frames of a server, which are not masked; returns what is left. */
function takeFrames(
  bytes: Buffer,
  { socket, onText }: { socket: Socket; onText: (text: string) => void },
): Buffer {
  for (;;) {
    if (bytes.length < 2) return bytes;
    const short = bytes[1]! & 0x7f;
    const begin = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (bytes.length < begin) return bytes;
    const length =
      short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUInt32BE(6);
    if (bytes.length < begin + length) return bytes;
    const opcode = bytes[0]! & 0x0f;
    // A pong with no content, masked by zero: the server wants to know whether we live.
    if (opcode === 9) socket.write(Buffer.from([0x8a, 0x80, 0, 0, 0, 0]));
    if (opcode === 1) onText(bytes.toString('latin1', begin, begin + length));
    bytes = bytes.subarray(begin + length);
  }
}

const timeOf = /"updateTime":"([^"]+)"/;

function take(text: string): void {
  const time = received % sampledEvery === 0 ? timeOf.exec(text)?.[1] : undefined;
  if (time !== undefined) latenciesMs.push(Date.now() - Date.parse(time));
  if (!text.includes('"ORDER"')) return;
  received += 1;
  if (received % 1_000 === 0) listen();
  if (received < expected) return;
  clearTimeout(silent);
  process.send!({ latenciesMs });
}
