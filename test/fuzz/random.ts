/**
 * Random numbers that a seed repeats: mulberry32 by Tommy Ettinger, which has 32 bits of state and
 * passes gjrand. Good enough to make odd inputs; for nothing secret.
 */
export class Random {
  #state: number;

  /** Each case has a generator of its own, so that one can be run again alone. */
  constructor(seed: number, index: number) {
    this.#state = (Math.imul(seed, 0x9e3779b1) ^ Math.imul(index + 1, 0x85ebca6b)) >>> 0;
  }

  /** From 0 to below `bound`. */
  below(bound: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296) * bound);
  }

  oneIn(count: number): boolean {
    return this.below(count) === 0;
  }

  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)] as T;
  }

  bytes(count: number): Buffer {
    return Buffer.from(Array.from({ length: count }, () => this.below(256)));
  }

  /** Text of characters that trouble parsers. */
  text(count: number): string {
    return Array.from({ length: count }, () => this.pick(oddCharacters)).join('');
  }
}

const oddCharacters = [
  ...'aZ09 _-.,:;/\\\'"`<>{}[]()=&?#%+*|~!@$^',
  '\0',
  '\t',
  '\n',
  '\r',
  '\x7f',
  '\u0085',
  'é',
  '\u202e',
  '\ud800',
  '😀',
  '%00',
  '%2e%2e/',
  '${7*7}',
  "' or '1'='1",
  '$1',
  '--',
];

/** One or more small damages, as lines and memory do them and as attackers try them. */
export function damage(bytes: Buffer, random: Random): Buffer {
  let result = bytes;
  for (let count = 1 + random.below(4); count > 0; count -= 1) {
    const at = random.below(result.length + 1);
    const length = random.below(16);
    switch (random.below(6)) {
      case 0:
        result = Buffer.concat([result.subarray(0, at), random.bytes(length), result.subarray(at)]);
        break;
      case 1:
        result = Buffer.concat([result.subarray(0, at), result.subarray(at + length)]);
        break;
      case 2: {
        result = Buffer.from(result);
        if (at < result.length) result[at] = random.below(256);
        break;
      }
      case 3: {
        const part = result.subarray(at, at + length);
        const again = Array.from({ length: 1 + random.below(40) }, () => part);
        result = Buffer.concat([result.subarray(0, at), ...again, result.subarray(at)]);
        break;
      }
      case 4:
        result = Buffer.concat([
          result.subarray(0, at),
          Buffer.from(random.text(length)),
          result.subarray(at),
        ]);
        break;
      default:
        result = result.subarray(0, at);
    }
  }
  return result;
}
