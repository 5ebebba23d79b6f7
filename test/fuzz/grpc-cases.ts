import type { OutgoingHttpHeaders } from 'node:http2';
import { damage, type Random } from './random.ts';

/** What is sent over one HTTP/2 stream. */
export interface GrpcCase {
  headers: OutgoingHttpHeaders;
  body: Buffer;
  /** How it ends: as a good call does, by a reset, or not at all. */
  end: 'half-close' | 'reset';
}

const oddHeaders: readonly ((random: Random) => OutgoingHttpHeaders)[] = [
  () => ({ 'grpc-timeout': '99999999999H' }),
  () => ({ 'grpc-timeout': '-1S' }),
  () => ({ 'grpc-timeout': '1n' }),
  () => ({ 'grpc-encoding': 'gzip' }),
  () => ({ 'grpc-encoding': 'bogus' }),
  () => ({ 'content-type': 'application/json' }),
  () => ({ 'content-type': 'application/grpc+thrift' }),
  () => ({ 'x-user-id': ['ann', 'bob'] }),
  () => ({ 'x-user-id': 'x'.repeat(4_000) }),
  () => ({ 'x-user-role': 'staff,admin' }),
  () => ({ 'x-request-id': '"\\u0000' }),
  () => ({ 'broken-bin': '!!! no base64' }),
  () => ({ 'x-big': 'x'.repeat(12_000) }),
  () => ({ te: 'gzip' }),
  () => ({ ':method': 'GET' }),
  (random) => ({ [`x-${random.below(1_000)}`]: random.bytes(20).toString('hex') }),
];

/** The bytes of something that may be a message: fields of every kind, lengths that lie. */
function message(random: Random, depth = 0): Buffer {
  const parts: Buffer[] = [];
  for (let count = random.below(6); count > 0; count -= 1) {
    const number = random.oneIn(10) ? random.below(536_870_912) : 1 + random.below(12);
    const wireType = random.pick([0, 1, 2, 2, 2, 3, 4, 5, 6]);
    parts.push(varint(number * 8 + wireType));
    if (wireType === 0) parts.push(random.oneIn(4) ? Buffer.alloc(12, 0xff) : random.bytes(3));
    else if (wireType === 1) parts.push(random.bytes(8));
    else if (wireType === 5) parts.push(random.bytes(4));
    else if (wireType === 2) {
      const inner = depth < 5 && random.oneIn(2) ? message(random, depth + 1) : text(random);
      const length = random.oneIn(8) ? random.below(2 ** 31) : inner.length;
      parts.push(varint(length), inner);
    }
  }
  return Buffer.concat(parts);
}

const words = ['orders/018f2f3e-0000-7000-8000-000000000000', 'USD', 'state=PAID', 'orders/-', ''];

function text(random: Random): Buffer {
  if (random.oneIn(3)) return Buffer.from(random.pick(words));
  return random.oneIn(2) ? Buffer.from(random.text(20)) : random.bytes(random.below(40));
}

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  return Buffer.from([...bytes, rest]);
}

/** Groups in groups: what a decoder that calls itself would fall over. */
function deep(levels: number): Buffer {
  return Buffer.alloc(levels, 0x0b);
}

function frame(payload: Buffer, flag = 0, length = payload.length): Buffer {
  const head = Buffer.alloc(5);
  head[0] = flag;
  head.writeUInt32BE(length, 1);
  return Buffer.concat([head, payload]);
}

/** One call to one of the methods with odd headers, an odd message, odd framing, or an odd end. */
export function grpcCase(random: Random, paths: readonly string[]): GrpcCase {
  let path = random.pick(paths);
  if (random.oneIn(20)) path = `/${encodeURIComponent(random.text(10).toWellFormed())}`;
  const headers: OutgoingHttpHeaders = {
    ':method': 'POST',
    ':path': path,
    'content-type': 'application/grpc',
    te: 'trailers',
    'x-user-id': 'fuzz',
    'grpc-timeout': '5S',
  };
  while (random.oneIn(3)) Object.assign(headers, random.pick(oddHeaders)(random));
  const payload = random.oneIn(30) ? deep(random.below(100_000)) : message(random);
  const frames: readonly (() => Buffer)[] = [
    () => frame(payload),
    () => frame(payload),
    () => frame(payload),
    () => frame(payload, 1),
    () => frame(payload, random.below(256)),
    () => frame(payload, 0, random.below(2 ** 32)),
    () => Buffer.concat([frame(payload), frame(payload)]),
    () => Buffer.alloc(0),
    () => frame(Buffer.alloc(300_000)),
    () => damage(frame(payload), random),
  ];
  const end = random.oneIn(12) ? 'reset' : 'half-close';
  return { headers, body: random.pick(frames)(), end };
}
