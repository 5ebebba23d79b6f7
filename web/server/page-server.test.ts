import { mkdirSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { brotliCompressSync, brotliDecompressSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { startPageServer } from './page-server.ts';
import { readSite } from './site.ts';

const test = suite('the server of the store front');

const page = '<!doctype html><title>Shop</title>';
const script = 'console.log("x".repeat(1000));';

const folder = temporaryFolder();
mkdirSync(join(folder, 'assets'));
writeFileSync(join(folder, 'index.html'), page);
writeFileSync(join(folder, 'assets/index-1.js'), script);
writeFileSync(join(folder, 'assets/index-1.js.br'), brotliCompressSync(script));
writeFileSync(join(folder, '.built-from'), 'secret');
const server = await startPageServer({ host: '127.0.0.1', port: 0, site: readSite(folder) });

test.after(() => server.stop());

interface Reply {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: Buffer;
}

/** Unlike fetch, sends the path as it stands and unpacks nothing. */
function ask(path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port: server.port, path, method, headers };
    const outgoing = request(options, (incoming) => {
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', () =>
        resolve({
          status: incoming.statusCode ?? 0,
          headers: incoming.headers,
          body: Buffer.concat(chunks),
        }),
      );
    });
    outgoing.once('error', reject).end();
  });
}

test('addresses of pages show the page, which is asked for anew each time', async () => {
  for (const path of ['/', '/orders/018f', '/wallet?x=1']) {
    const { status, headers, body } = await ask(path);
    assert.is(status, 200, path);
    assert.is(headers['content-type'], 'text/html; charset=utf-8');
    assert.is(headers['cache-control'], 'no-cache');
    assert.is(String(body), page);
  }
});

test('the page runs no script but its files, and nobody may frame it', async () => {
  const policy = String((await ask('/')).headers['content-security-policy']);
  assert.match(policy, /script-src 'self';/);
  assert.match(policy, /default-src 'none'/);
  assert.match(policy, /frame-ancestors 'none'/);
  assert.not.match(policy.replace(/style-src[^;]*/, ''), /unsafe|https?:|\*/);
});

test('hashed files are kept for ever, and come compressed to who takes that', async () => {
  const plain = await ask('/assets/index-1.js');
  assert.match(String(plain.headers['cache-control']), /immutable/);
  assert.is(plain.headers['vary'], 'accept-encoding');
  assert.is(String(plain.body), script);
  const packed = await ask('/assets/index-1.js', { 'accept-encoding': 'gzip, br' });
  assert.is(packed.headers['content-encoding'], 'br');
  assert.is(packed.headers['content-length'], String(packed.body.length));
  assert.is(String(brotliDecompressSync(packed.body)), script);
  assert.is.not(packed.headers['etag'], plain.headers['etag']);
  for (const refused of ['br;q=0', 'gzip', 'identity']) {
    const reply = await ask('/assets/index-1.js', { 'accept-encoding': refused });
    assert.is(reply.headers['content-encoding'], undefined, refused);
  }
});

test('what the browser has already is not sent again', async () => {
  const { etag } = (await ask('/')).headers;
  const { status, body } = await ask('/', { 'if-none-match': `"other", ${String(etag)}` });
  assert.equal([status, body.length], [304, 0]);
  assert.is((await ask('/', { 'if-none-match': '"other"' })).status, 200);
});

test('HEAD has the headers of GET and no body', async () => {
  const { status, headers, body } = await ask('/', {}, 'HEAD');
  assert.equal([status, headers['content-length'], body.length], [200, String(page.length), 0]);
});

test('files that are not of the build are not there, and pages are only read', async () => {
  const paths = ['/assets/index-0.js', '/missing.png', '/../site.ts', '/%2e%2e/x.ts'];
  for (const path of paths) assert.is((await ask(path)).status, 404, path);
  assert.is(String((await ask('/.built-from')).body), page);
  const { status, headers } = await ask('/', {}, 'POST');
  assert.equal([status, headers['allow']], [405, 'GET, HEAD']);
});

test('a folder without a build is refused', () => {
  assert.throws(() => readSite(temporaryFolder()), /holds no build/);
});

test.run();
