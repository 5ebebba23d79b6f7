import { hash } from 'node:crypto';
import pino, { type DestinationStream, type Level, type Logger as PinoLogger } from 'pino';

export type Logger = PinoLogger;

export interface LoggerOptions {
  service: string;
  /** Tells instances of one service apart, e.g. the port that they listen on. */
  instance: string;
  level: Level | 'silent';
  /** Where lines go; standard output when left out. */
  destination?: DestinationStream;
}

// Members that may carry secrets wherever somebody logs an object that has them, or an object in
// it: log members, never whole requests. What a child logger is made with is not looked at.
const secretMembers = new Set([
  'authorization',
  'cookie',
  'password',
  'token',
  'connectionString',
  'databaseUrl',
]);

/**
 * Logs JSON lines: `level` in words, `time` in ISO 8601, `service`, `instance`, `pid`, `msg`, and
 * an `error` member with type, message, stack and its causes. Lines leave in the background, in
 * order; whoever ends the process calls `flush` first.
 */
export function createLogger(options: LoggerOptions): Logger {
  // A line leaves as soon as the one before it has. With a minLength of 0 `flush` would not wait
  // for that.
  const destination = options.destination ?? pino.destination({ fd: 1, sync: false, minLength: 1 });
  return pino(
    {
      level: options.level,
      base: { service: options.service, instance: options.instance, pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: {
        level: (label) => ({ level: label }),
        log: (members) => redacted(members),
      },
      serializers: { error: errorMembers, err: errorMembers },
      errorKey: 'error',
    },
    destination,
  );
}

/** An error is an object of its own kind until here, so that what it carries is looked at here. */
function errorMembers(error: Error): object {
  return redacted(pino.stdSerializers.errWithCause(error));
}

/**
 * The object itself when it holds no secret, which is nearly always, else a copy without. pino's
 * own redaction copies every line first: that was a tenth of all that Orders allocated.
 */
function redacted(members: object, depth = 0): Record<string, unknown> {
  let shown = members as Record<string, unknown>;
  for (const [name, value] of Object.entries(members)) {
    const text = secretMembers.has(name) ? '[redacted]' : below(value, depth);
    if (text === value) continue;
    if (shown === members) shown = { ...shown };
    shown[name] = text;
  }
  return shown;
}

function below(value: unknown, depth: number): unknown {
  const isPlain = typeof value === 'object' && value !== null && !(value instanceof Error);
  return isPlain && depth === 0 ? redacted(value, depth + 1) : value;
}

/**
 * Stands for a user id in logs: equal for equal ids, and not the id itself. The first 16
 * hexadecimal digits of its SHA-256, so they also begin the user token in the subjects of events.
 */
export function userHash(userId: string): string {
  return hash('sha256', userId, 'hex').slice(0, 16);
}
