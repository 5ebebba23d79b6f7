// Files that the gateway serves to anybody: the OpenAPI document, the page that shows it, and the
// page about errors. All of them come from this machine, and browsers are told to ask nobody else.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import type { FastifyReply, FastifyRequest } from 'fastify';

export interface Document {
  path: string;
  contentType: string;
  /** Where it is; asked for with the first request, since some are in packages. */
  file: () => string;
  /** What a browser lets a page load. */
  policy?: string;
}

const ours = (file: string) => () => resolve(import.meta.dirname, file);
const swaggerUi = (file: string) => () =>
  fileURLToPath(import.meta.resolve(`swagger-ui-dist/${file}`));

const html = 'text/html; charset=utf-8';
const script = 'text/javascript; charset=utf-8';

const nothing = [
  "default-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
];

/** For pages that are text and style alone. */
const textPolicy = [...nothing, "style-src 'unsafe-inline'"].join('; ');

/** Swagger UI puts style attributes into what it shows, and its icons into `data:` addresses. */
const referencePolicy = [
  ...nothing,
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "connect-src 'self'",
].join('; ');

export const documents: readonly Document[] = [
  {
    path: '/openapi.json',
    contentType: 'application/json; charset=utf-8',
    file: ours('../gen/openapi.json'),
  },
  {
    path: '/docs',
    contentType: html,
    file: ours('docs-page/index.html'),
    policy: referencePolicy,
  },
  {
    path: '/docs/errors',
    contentType: html,
    file: ours('../gen/errors.html'),
    policy: textPolicy,
  },
  { path: '/docs/start.js', contentType: script, file: ours('docs-page/start.js') },
  {
    path: '/docs/swagger-ui.css',
    contentType: 'text/css; charset=utf-8',
    file: swaggerUi('swagger-ui.css'),
  },
  {
    path: '/docs/swagger-ui-bundle.js',
    contentType: script,
    file: swaggerUi('swagger-ui-bundle.js'),
  },
];

interface Loaded {
  etag: string;
  compressed: Buffer;
}

const compress = promisify(gzip);

/** Only compressed: the largest file has 1.7 MB, a quarter of it when compressed. */
const loaded = new Map<Document, Promise<Loaded>>();

/** Answers with the document, or with 304 where the caller has it already. */
export async function sendDocument(
  document: Document,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { etag, compressed } = await load(document);
  // Kept by the caller, and asked about each time: it changes with every release.
  reply.headers({ etag, 'cache-control': 'no-cache', vary: 'accept-encoding' });
  if (document.policy !== undefined) {
    reply.headers({
      'content-security-policy': document.policy,
      'referrer-policy': 'no-referrer',
    });
  }
  if (hasTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
  reply.code(200).type(document.contentType);
  if (acceptsGzip(request.headers['accept-encoding'])) {
    return reply.header('content-encoding', 'gzip').send(compressed);
  }
  return reply.send(await readFile(document.file()));
}

function load(document: Document): Promise<Loaded> {
  const present = loaded.get(document) ?? read(document);
  loaded.set(document, present);
  // A file that could not be read is looked for again.
  present.catch(() => loaded.delete(document));
  return present;
}

async function read(document: Document): Promise<Loaded> {
  const bytes = await readFile(document.file());
  const hash = createHash('sha256').update(bytes).digest('base64url').slice(0, 22);
  // Weak, since it is the same for both encodings.
  return { etag: `W/"${hash}"`, compressed: await compress(bytes) };
}

function hasTag(condition: string | undefined, etag: string): boolean {
  const tags = (condition ?? '').split(',').map((tag) => tag.trim());
  return tags.includes('*') || tags.includes(etag);
}

function acceptsGzip(accepted = ''): boolean {
  return accepted.split(',').some((coding) => {
    const [name, weight = 'q=1'] = coding.split(';').map((part) => part.trim());
    return name === 'gzip' && !/^q=0(\.0*)?$/.test(weight);
  });
}
