import { findDebianProgram, type Found } from './debian-program.ts';

/** A Chromium of the system. */
export function findChromium(): Promise<Found> {
  return findDebianProgram(['chromium', 'chromium-browser', 'google-chrome'], 'chromium');
}
