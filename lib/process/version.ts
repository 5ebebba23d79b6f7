import { readFileSync } from 'node:fs';

const file = new URL('../../package.json', import.meta.url);

/** The release that this process runs. */
export const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
