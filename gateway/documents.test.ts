import { readFile } from 'node:fs/promises';
import { gunzipSync } from 'node:zlib';
import { request as httpRequest } from 'node:http';
import * as assert from 'uvu/assert';
import { suite } from '../test/harness/suite.ts';
import { documents } from './documents.ts';
import { problemOf, startTestGateway, type TestGateway } from './test-gateway.ts';

const test = suite('documents');
let gateway: TestGateway;

test.before(async () => {
  // Nothing here asks a service.
  gateway = await startTestGateway('127.0.0.1:1');
});
test.after(() => gateway.stop());

const anonymous = { headers: {} };

/** Past fetch, which always accepts gzip and hides that it was used. */
function raw(path: string, headers: Record<string, string>) {
  return new Promise<{ status: number; headers: NodeJS.Dict<unknown>; body: Buffer }>(
    (resolve, reject) => {
      const asked = httpRequest(`${gateway.url}${path}`, { headers }, async (answer) => {
        const chunks = await Array.fromAsync(answer as AsyncIterable<Buffer>);
        const body = Buffer.concat(chunks);
        resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body });
      });
      asked.once('error', reject).end();
    },
  );
}

for (const document of documents) {
  test(`GET ${document.path} needs no user and is the file`, async () => {
    const response = await gateway.ask(document.path, anonymous);
    assert.is(response.status, 200);
    assert.is(response.headers.get('content-type'), document.contentType);
    assert.is(response.headers.get('x-content-type-options'), 'nosniff');
    assert.match(response.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/);
    const file = await readFile(document.file());
    assert.ok(file.equals(new Uint8Array(await response.arrayBuffer())));
  });

  test(`${document.path} is sent once to a caller who keeps it`, async () => {
    const first = await gateway.ask(document.path, anonymous);
    await first.arrayBuffer();
    const etag = first.headers.get('etag') ?? '';
    assert.match(etag, /^W\/"[\w-]{22}"$/);
    for (const condition of [etag, `"other", ${etag}`, '*']) {
      const headers = { 'if-none-match': condition };
      const again = await gateway.ask(document.path, { headers });
      assert.is(again.status, 304, condition);
      assert.is(again.headers.get('etag'), etag);
      assert.is(await again.text(), '');
    }
    const other = await gateway.ask(document.path, { headers: { 'if-none-match': '"other"' } });
    assert.is(other.status, 200);
    await other.arrayBuffer();
    assert.is(other.headers.get('cache-control'), 'no-cache');
  });
}

for (const [accepted, encoding] of [
  ['gzip', 'gzip'],
  ['br, gzip;q=0.5', 'gzip'],
  ['identity', undefined],
  ['gzip;q=0', undefined],
  ['br', undefined],
] as const) {
  test(`a caller who accepts ${accepted} gets ${encoding ?? 'plain text'}`, async () => {
    const { headers, body } = await raw('/openapi.json', { 'accept-encoding': accepted });
    assert.is(headers['content-encoding'], encoding);
    assert.is(headers['vary'], 'accept-encoding');
    assert.is(headers['content-length'], String(body.length));
    const text = encoding === undefined ? body : gunzipSync(body);
    assert.is(JSON.parse(text.toString()).openapi, '3.1.0');
  });
}

test('HEAD is GET without the body; other methods do not exist', async () => {
  const head = await gateway.ask('/openapi.json', { method: 'HEAD', headers: {} });
  assert.is(head.status, 200);
  assert.is(await head.text(), '');
  const post = await gateway.ask('/docs', { method: 'POST', headers: {} });
  assert.is(post.status, 405);
  assert.is((await problemOf(post)).reason, 'METHOD_NOT_ALLOWED');
  assert.is(post.headers.get('allow'), 'GET, HEAD, OPTIONS');
});

test('the page asks for our documents alone, and browsers may ask for no others', async () => {
  const page = await gateway.ask('/docs', anonymous);
  const html = await page.text();
  const asked = [...html.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address ?? '');
  const known = documents.map(({ path }) => path);
  assert.ok(asked.length >= 4, html);
  for (const address of asked) assert.ok(known.includes(address) || address === 'data:,', address);
  const policy = page.headers.get('content-security-policy') ?? '';
  const sources = policy.split('; ').flatMap((directive) => directive.split(' ').slice(1));
  const allowed = ["'none'", "'self'", "'unsafe-inline'", 'data:'];
  assert.equal(
    sources.filter((source) => !allowed.includes(source)),
    [],
  );
  assert.match(policy, "default-src 'none'");
  assert.match(policy, "script-src 'self';");
  const start = await (await gateway.ask('/docs/start.js', anonymous)).text();
  assert.not.match(start, /https?:/);
  // Otherwise Swagger UI sends the document to a validator.
  assert.match(start, 'validatorUrl: null');
});

test('the page about errors may load nothing at all', async () => {
  const page = await gateway.ask('/docs/errors', anonymous);
  const policy = page.headers.get('content-security-policy') ?? '';
  assert.match(policy, "default-src 'none'");
  assert.not.match(policy, /script-src|connect-src/);
  assert.is(page.headers.get('referrer-policy'), 'no-referrer');
  assert.match(await page.text(), /^<!doctype html>/);
});

test('the type of a problem leads to the entry of its reason', async () => {
  const refusal = await gateway.ask('/v1/nothing/here');
  const { type } = (await refusal.clone().json()) as { type: string };
  const { reason } = await problemOf(refusal);
  const address = new URL(type, refusal.url);
  const page = await (await gateway.ask(address.pathname, anonymous)).text();
  assert.match(page, `<h3 id="${address.hash.slice(1)}"><a href="${address.hash}">${reason}<`);
});

test.run();
