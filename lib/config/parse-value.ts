// Parsers of environment variables. Each takes the text of a variable that is set and gives its
// value, or throws a RangeError whose message completes the sentence "NAME must be …".
import { statSync } from 'node:fs';
import { isIP } from 'node:net';
import type { TracingTarget } from '#lib/trace/tracing-settings.ts';
import { join } from 'node:path';
import { tlsFiles } from '#lib/tls/tls-folder.ts';

export type Parse<T> = (text: string) => T;

const hostNamePattern =
  /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

/** A whole number between the bounds, both inclusive, in plain decimal digits. */
export function wholeNumber(min: number, max: number): Parse<number> {
  return (text) => {
    const value = Number(text);
    if (!/^\d{1,15}$/.test(text) || value < min || value > max) {
      throw new RangeError(`a whole number from ${min} to ${max}`);
    }
    return value;
  };
}

/** A TCP port. */
export const port: Parse<number> = wholeNumber(1, 65_535);

/** One of the words. */
export function oneOf<const Word extends string>(...words: Word[]): Parse<Word> {
  return (text) => {
    const found = words.find((word) => word === text);
    if (found === undefined) throw new RangeError(`one of ${words.join(', ')}`);
    return found;
  };
}

/** `on` or `off`. */
export function onOrOff(text: string): boolean {
  return oneOf('on', 'off')(text) === 'on';
}

/** Events a second, from 1 to 1,000,000; undefined for `off`. */
export function rateLimit(text: string): number | undefined {
  if (text === 'off') return undefined;
  const value = Number(text);
  if (!/^[1-9]\d{0,6}$/.test(text) || value > 1_000_000) {
    throw new RangeError('a whole number from 1 to 1000000, or off');
  }
  return value;
}

/** A secret of 16 to 256 visible ASCII characters; undefined when it is empty. */
export function optionalKey(text: string): string | undefined {
  if (text === '') return undefined;
  if (!/^[!-~]{16,256}$/.test(text)) throw new RangeError('16 to 256 visible ASCII characters');
  return text;
}

/** An IP address or a host name. */
export function host(text: string): string {
  if (isIP(text) === 0 && !hostNamePattern.test(text)) {
    throw new RangeError('an IP address or a host name');
  }
  return text;
}

/** A folder's path, absolute or relative to the working directory. */
export function folder(text: string): string {
  if (text.includes('\0') || text.trim() === '') throw new RangeError('the path of a folder');
  return text;
}

/** `postgresql://user:password@host:port/database`, with `?sslmode=verify-full` for TLS. */
export function postgresUrl(text: string): string {
  const url = URL.parse(text);
  const known = url !== null && ['postgres:', 'postgresql:'].includes(url.protocol);
  if (!known || url.pathname.length < 2) {
    throw new RangeError('a URL like postgresql://user:password@host:5432/database');
  }
  const mode = url.searchParams.get('sslmode') ?? 'disable';
  if (!['disable', 'verify-full'].includes(mode)) {
    throw new RangeError('a URL with sslmode=verify-full, or without sslmode: others check nobody');
  }
  return text;
}

/** One or more `nats://host:port`, or all of them `tls://host:port`, separated by commas. */
export function natsUrl(text: string): string {
  for (const part of text.split(',')) {
    const url = URL.parse(part.trim());
    if (url === null || !['nats:', 'tls:'].includes(url.protocol) || url.hostname === '') {
      throw new RangeError('a URL like nats://host:4222, or several separated by commas');
    }
  }
  if (/tls:/.test(text) && /nats:/.test(text)) {
    throw new RangeError('URLs that all begin with tls://, or none of them');
  }
  return text;
}

/**
 * Where the instances of a service listen: one `host:port`, whose host may be a name that resolves
 * to many addresses, or several `address:port` separated by commas, which must be IP addresses of
 * one family.
 */
export function grpcTarget(text: string): string {
  const parts = text.split(',').map(splitAddress);
  const families = new Set(parts.map((part) => part && isIP(part.host)));
  const alike = parts.length === 1 || (families.size === 1 && !families.has(0));
  if (parts.includes(undefined) || !alike) {
    throw new RangeError(
      'host:port, or several IP addresses of one family with ports, separated by commas',
    );
  }
  return text;
}

/** One `host:port`. */
export function address(text: string): { host: string; port: number } {
  const parts = splitAddress(text);
  if (parts === undefined) throw new RangeError('host:port');
  return parts;
}

/** Splits `host:port` or `[IPv6]:port`; undefined when it is neither. */
export function splitAddress(text: string): { host: string; port: number } | undefined {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:[\]]+)):(\d{1,5})$/i.exec(text);
  if (match === null) return undefined;
  try {
    return { host: host((match[1] ?? match[2]) as string), port: port(match[3] as string) };
  } catch {
    return undefined;
  }
}

/** One or more `host:port`, separated by commas. */
export function addressList(text: string): { host: string; port: number }[] {
  const parts = text.split(',').map((part) => splitAddress(part.trim()));
  const known = parts.filter((part) => part !== undefined);
  if (known.length < parts.length)
    throw new RangeError('host:port, or several separated by commas');
  return known;
}

/** Origins such as `https://shop.example`, or the word `same-host`, separated by commas. */
export function originList(text: string): string[] {
  return text.split(',').map((part) => {
    const word = part.trim();
    if (word !== 'same-host' && URL.parse(word)?.origin !== word) {
      throw new RangeError('same-host, or origins like https://shop.example, separated by commas');
    }
    return word;
  });
}

/** `off`, `otlp`, or `file:` and a path. */
export function tracingTarget(text: string): TracingTarget {
  if (text === 'off' || text === 'otlp') return { to: text };
  const path = /^file:(.+)$/.exec(text)?.[1];
  if (path === undefined || path.includes('\0')) {
    throw new RangeError('off, otlp, or file: and a path');
  }
  return { to: 'file', path };
}

/** A share from 0 to 1, both inclusive, in plain decimal digits. */
export function share(text: string): number {
  const value = Number(text);
  if (!/^\d(\.\d{1,9})?$/.test(text) || value > 1) throw new RangeError('a number from 0 to 1');
  return value;
}

/** `http://host:port` or `https://…`, perhaps with a path. */
export function httpUrl(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new RangeError('a URL like http://host:4318');
  }
  return text;
}

/** `off`, or a folder with the files of a certificate; undefined when off. */
export function tlsFolder(text: string): string | undefined {
  if (text === 'off') return undefined;
  const files = Object.values(tlsFiles);
  if (!files.every((name) => statSync(join(text, name), { throwIfNoEntry: false })?.isFile())) {
    throw new RangeError(`off, or a folder with ${files.join(', ')}`);
  }
  return text;
}
