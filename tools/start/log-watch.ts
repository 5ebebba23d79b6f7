import { closeSync, openSync, readSync, statSync } from 'node:fs';

/** How often the logs are looked at, and how many lines of one log are shown each time. */
const intervalMs = 300;
const linesMax = 5;

/** The part of a log that is read at a time; a busy service writes about this much in 0.3 s. */
const chunkBytesMax = 1024 * 1024;

interface Watched {
  name: string;
  file: string;
  offset: number;
  /** The beginning of a line whose end is not written yet. */
  rest: string;
}

/**
 * Shows warnings and errors of the services on the terminal, by reading behind their log files. A
 * pipe instead would make every line of every service pass through this process, and would block
 * them whenever it is busy.
 */
export class LogWatch {
  readonly #watched: Watched[] = [];
  readonly #print: (line: string) => void;
  readonly #timer: NodeJS.Timeout;

  constructor(print: (line: string) => void) {
    this.#print = print;
    this.#timer = setInterval(() => this.look(), intervalMs);
    this.#timer.unref();
  }

  /** Watches what is written to the file from now on. */
  add(name: string, file: string): void {
    const offset = statSync(file, { throwIfNoEntry: false })?.size ?? 0;
    this.#watched.push({ name, file, offset, rest: '' });
  }

  stop(): void {
    clearInterval(this.#timer);
    this.look();
  }

  look(): void {
    for (const watched of this.#watched) {
      const lines = readNewLines(watched).flatMap((line) => readable(line) ?? []);
      for (const line of lines.slice(0, linesMax)) this.#print(`${watched.name}: ${line}`);
      const left = lines.length - linesMax;
      if (left > 0) this.#print(`${watched.name}: … ${left} more in ${watched.file}`);
    }
  }
}

function readNewLines(watched: Watched): string[] {
  const size = statSync(watched.file, { throwIfNoEntry: false })?.size ?? 0;
  if (size < watched.offset) watched.offset = 0;
  const bytes = Math.min(size - watched.offset, chunkBytesMax);
  if (bytes === 0) return [];
  const buffer = Buffer.allocUnsafe(bytes);
  const file = openSync(watched.file, 'r');
  try {
    readSync(file, buffer, 0, bytes, watched.offset);
  } finally {
    closeSync(file);
  }
  watched.offset += bytes;
  const lines = (watched.rest + buffer.toString('utf8')).split('\n');
  watched.rest = lines.pop() ?? '';
  return lines;
}

/** A readable form of a line that deserves the terminal; undefined for all others. */
export function readable(line: string): string | undefined {
  if (line === '') return undefined;
  // What is not JSON was not logged but thrown or printed, mostly by a process that died of it.
  if (!line.startsWith('{')) return line;
  if (!/^.{0,20}"level":"(warn|error|fatal)"/.test(line)) return undefined;
  try {
    const { level, msg, error } = JSON.parse(line) as LogLine;
    const cause = error?.message === undefined ? '' : ` (${error.message})`;
    return `${level}: ${msg ?? ''}${cause}`;
  } catch {
    return line;
  }
}

interface LogLine {
  level: string;
  msg?: string;
  error?: { message?: string };
}
