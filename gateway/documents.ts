import { readFileSync } from 'node:fs';

/** A page that the gateway shows to whoever asks, also without a user id. */
export interface Document {
  path: string;
  contentType: string;
  content: Buffer;
  headers: Readonly<Record<string, string>>;
}

/** The pages need no script and nothing from elsewhere, so they may load nothing. */
const headers = {
  'content-security-policy': "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'",
  'referrer-policy': 'no-referrer',
};

const table = [
  { path: '/docs/errors', file: 'gen/errors.html', contentType: 'text/html; charset=utf-8' },
];

/** Reads all of them into memory. Throws when a file is missing. */
export function readDocuments(): Document[] {
  return table.map(({ path, file, contentType }) => {
    const content = readFileSync(new URL(`../${file}`, import.meta.url));
    return { path, contentType, content, headers };
  });
}
