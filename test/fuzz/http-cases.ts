import { routes } from '#gen/routes.ts';
import { damage, type Random } from './random.ts';

const goodBodies = [
  { amount: { currencyCode: 'USD', amountMinor: '1250' }, description: 'Two coffees' },
  {
    lines: [
      {
        title: 'Engine',
        quantity: 1,
        unitAmount: { currencyCode: 'USD', amountMinor: '5' },
        attributes: { colour: 'red', power: 110, parts: [1, 2, { deep: null }] },
      },
    ],
    recipient: { name: 'Ann', phone: '+1 2', address: 'Here' },
  },
  { currencyCode: 'USD' },
  { amount: { currencyCode: 'USD', amountMinor: '100000' } },
  { reason: 'changed my mind' },
  { carrier: 'UPS', trackingCode: '1Z' },
  { readUntil: '2026-01-31T12:00:00Z' },
  {},
];

const oddValues: readonly ((random: Random) => unknown)[] = [
  () => null,
  () => true,
  () => [],
  () => ({}),
  () => -0,
  () => 1e308,
  () => 2 ** 53,
  () => '9223372036854775808',
  () => '-1',
  () => '1e3',
  () => ' 1',
  () => '٣',
  () => 'x'.repeat(70_000),
  () => '2026-02-30T25:61:61Z',
  () => '0001-01-01T00:00:00Z',
  () => ({ __proto__x: 1, constructor: { prototype: { admin: true } } }),
  (random) => random.text(random.below(60)),
  (random) => nested(1 + random.below(3_000)),
  (random) => Array.from({ length: random.below(500) }, (_, index) => index),
];

function nested(depth: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < depth; level += 1) value = level % 2 ? [value] : { a: value };
  return value;
}

/** The same value with a few of its parts replaced, left out or added. */
function bend(value: unknown, random: Random): unknown {
  if (random.oneIn(5)) return random.pick(oddValues)(random);
  if (Array.isArray(value)) return value.map((item) => bend(item, random));
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).flatMap(([name, member]) =>
    random.oneIn(8) ? [] : [[name, bend(member, random)]],
  );
  if (random.oneIn(3)) {
    const names = ['state', 'userId', 'price', 'balance', 'version', 'etag', random.text(8)];
    members.push([random.pick(names), random.pick(oddValues)(random)]);
  }
  return Object.fromEntries(members);
}

const oddQueries: readonly ((random: Random) => string)[] = [
  () => 'pageSize=1000000000000',
  () => 'pageSize=-1',
  () => 'pageSize=1&pageSize=2',
  () => `filter=${'NOT '.repeat(2_000)}state=PAID`,
  () => `filter=${'('.repeat(5_000)}`,
  () => `filter=${encodeURIComponent("state=PAID OR state='); drop table orders; --'")}`,
  () => `pageToken=${'A'.repeat(8_000)}`,
  (random) => `pageToken=${random.bytes(random.below(60)).toString('base64url')}`,
  (random) => `filter=${encodeURIComponent(tidy(random.text(random.below(80))))}`,
  (random) => `asOf=${encodeURIComponent(tidy(random.text(random.below(20))))}`,
  () => 'orderBy=create_time%20desc,user_id',
  (random) => `${random.text(6)}=${random.text(6)}`,
  () => `${'a=b&'.repeat(900)}`,
  () => '__proto__=1&constructor=2',
];

/** encodeURIComponent refuses half a surrogate pair. */
const tidy = (text: string) => text.toWellFormed();

const oddHeaders: readonly ((random: Random) => string)[] = [
  () => `X-Big: ${'x'.repeat(15_000)}`,
  () => Array.from({ length: 400 }, (_, index) => `X-H${index}: 1`).join('\r\n'),
  () => 'Transfer-Encoding: chunked',
  () => 'Content-Length: 5\r\nContent-Length: 6',
  () => 'Content-Length: 99999999999999999999',
  () => 'Expect: 100-continue',
  () => 'Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 99',
  () => 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
  () => 'X-User-Id: ann\r\nX-User-Id: bob',
  () => 'If-Match: W/"x", *, "',
  () => 'Idempotency-Key: a\r\nIdempotency-Key: b',
  () => 'Content-Encoding: gzip',
  () => 'Content-Type: application/json; charset=utf-16',
  () => 'traceparent: 00-ffffffffffffffffffffffffffffffff-ffffffffffffffff-zz',
  () => 'Grpc-Metadata-X-User-Role: staff\r\nX-User-Role: staff',
  (random) => `${random.text(5)}: ${random.text(20)}`,
];

/**
 * The bytes of one request over HTTP/1.1: a good one that was bent in its parts, damaged as a
 * whole, or both. Some come out good after all.
 */
export function httpCase(random: Random): Buffer {
  const route = random.pick(routes);
  const id = random.pick(['018f2f3e-0000-7000-8000-000000000000', random.text(12), '..', '%', '']);
  let path = route.path.replace(/\{\w+\}/, id);
  if (random.oneIn(20)) path = `/${random.text(30)}`;
  if (random.oneIn(3)) path += `?${random.pick(oddQueries)(random)}`;
  const body = JSON.stringify(bend(random.pick(goodBodies), random)) ?? '';
  const sent = route.hasBody || random.oneIn(10) ? body : '';
  const headers = ['Host: localhost', 'X-User-Id: fuzz', 'Connection: close'];
  if (sent !== '') headers.push('Content-Type: application/json');
  if (sent !== '' || random.oneIn(10)) headers.push(`Content-Length: ${Buffer.byteLength(sent)}`);
  while (random.oneIn(3)) headers.push(random.pick(oddHeaders)(random));
  const method = random.oneIn(15) ? random.pick(['TRACE', 'CONNECT', 'PRI', '']) : route.httpMethod;
  const bytes = Buffer.from(`${method} ${path} HTTP/1.1\r\n${headers.join('\r\n')}\r\n\r\n${sent}`);
  return random.oneIn(2) ? damage(bytes, random) : bytes;
}
