import { join } from 'node:path';

/** Where npm start keeps the certificates of its processes. */
export function certificatesIn(dataFolder: string): string {
  return join(dataFolder, 'certificates');
}
