import crypto from 'node:crypto';
import { syncBuiltinESMExports } from 'node:module';
import { epochMs, type World } from './world.ts';

const hex = (value: number, digits: number) => value.toString(16).padStart(digits, '0');

const time = epochMs.toString(16).padStart(12, '0');

/**
 * From now on the ids that node:crypto makes in this thread come from the world's seed, and so do
 * `Math.random` and `Date.now`. Production code asks for them where it needs them; a parameter for
 * each would be a port that only a simulation uses.
 */
export function takeOverChance(current: () => World): void {
  const word = () => Math.floor(current().random() * 2 ** 32);
  const id = (version: string) => {
    const [a, b] = [word(), word()];
    const tail = `${version}${hex(a >>> 20, 3)}-8${hex((a >>> 8) & 0xfff, 3)}`;
    return `${tail}-${hex(a & 0xff, 2)}${hex(b, 8)}00`;
  };
  // A version 7 id begins with its time; within one seed only the rest tells them apart.
  const v7 = () => `${time.slice(0, 8)}-${time.slice(8)}-${id('7')}`;
  Object.assign(crypto, {
    randomUUIDv7: v7,
    randomUUID: () => `${hex(word(), 8)}-0000-${id('4')}`,
  });
  syncBuiltinESMExports();
  Math.random = () => current().random();
  Date.now = () => epochMs + Math.floor(current().nowMs);
}
