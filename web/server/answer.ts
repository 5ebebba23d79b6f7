import type { IncomingMessage, ServerResponse } from 'node:http';
import { indexPath } from './site.ts';
import type { Coding, SiteFile } from './site.ts';

/**
 * The page runs only scripts of its own files, and speaks only to where it came from. Styles may
 * stand inline, since the component library sets them on its elements.
 */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const headersOfAll = {
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'same-origin',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

const yearSeconds = 31_536_000;

/** Answers GET and HEAD with a file of the site, or with its page where the path names no file. */
export function answer(
  site: ReadonlyMap<string, SiteFile>,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  // A body has no business here; it is let go by, so that the connection can be used again.
  request.resume();
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    return refuse(response, 405, { allow: 'GET, HEAD' });
  }
  const path = (request.url ?? '/').split('?', 1)[0] as string;
  const file = site.get(path) ?? (isAddress(path) ? site.get(indexPath) : undefined);
  if (file === undefined) return refuse(response, 404, {});
  const coding = chooseCoding(file, request.headers['accept-encoding']);
  const etag = `"${file.etag}-${coding}"`;
  response.setHeaders(new Map(Object.entries({ ...headersOfAll, ...headersOf(file, etag) })));
  if (hasTag(request.headers['if-none-match'], etag)) {
    response.writeHead(304).end();
    return;
  }
  const body = file.bodies.get(coding) as Buffer;
  response.writeHead(200, {
    'content-type': file.contentType,
    'content-length': body.length,
    ...(coding !== 'identity' && { 'content-encoding': coding }),
  });
  response.end(request.method === 'HEAD' ? undefined : body);
}

/** An address of a page, '/orders/…', unlike a file that a page of an older build asks for. */
function isAddress(path: string): boolean {
  return !path.startsWith('/assets/') && !/\.[a-z0-9]+$/i.test(path);
}

function headersOf(file: SiteFile, etag: string): Record<string, string> {
  return {
    etag,
    vary: 'accept-encoding',
    'cache-control': file.immutable ? `public, max-age=${yearSeconds}, immutable` : 'no-cache',
    ...(file.contentType.startsWith('text/html') && {
      'content-security-policy': contentSecurityPolicy,
    }),
  };
}

/** Brotli where both sides have it, else gzip; a coding with q=0 is refused by the caller. */
function chooseCoding(file: SiteFile, accepted = ''): Coding {
  const codings = accepted.split(',').map((part) => {
    const [name = '', weight = 'q=1'] = part.split(';').map((each) => each.trim().toLowerCase());
    return /^q=0(\.0*)?$/.test(weight) ? '' : name;
  });
  const found = (['br', 'gzip'] as const).find(
    (coding) => file.bodies.has(coding) && codings.includes(coding),
  );
  return found ?? 'identity';
}

function hasTag(condition: string | undefined, etag: string): boolean {
  const tags = (condition ?? '').split(',').map((tag) => tag.trim().replace(/^W\//, ''));
  return tags.includes('*') || tags.includes(etag);
}

function refuse(response: ServerResponse, status: number, headers: Record<string, string>): void {
  response.writeHead(status, { ...headersOfAll, ...headers, 'content-type': 'text/plain' });
  response.end(status === 404 ? 'There is nothing at this path.\n' : 'Only GET and HEAD.\n');
}
