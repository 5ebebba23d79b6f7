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

// Members that may carry secrets wherever somebody logs an object that has them. Paths with a
// wildcard cost about 50% per line in pino, so only one level of nesting is covered: log members,
// never whole requests.
const secretMembers = [
  'authorization',
  'cookie',
  'password',
  'token',
  'connectionString',
  'databaseUrl',
];

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
      formatters: { level: (label) => ({ level: label }) },
      serializers: {
        error: pino.stdSerializers.errWithCause,
        err: pino.stdSerializers.errWithCause,
      },
      errorKey: 'error',
      redact: {
        paths: secretMembers.flatMap((member) => [member, `*.${member}`]),
        censor: '[redacted]',
      },
    },
    destination,
  );
}

/**
 * Stands for a user id in logs: equal for equal ids, and not the id itself. The first 16
 * hexadecimal digits of its SHA-256, so they also begin the user token in the subjects of events.
 */
export function userHash(userId: string): string {
  return hash('sha256', userId, 'hex').slice(0, 16);
}
