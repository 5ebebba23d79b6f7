// How every process of Purser starts and stops: configuration checked first, dependencies opened in
// order and closed in reverse, exit 0 within ten seconds of SIGTERM.
import { orExit, readEnvironment, type Environment } from '#lib/config/environment.ts';
import type { ProcessName, Variable } from '#lib/config/variable.ts';
import { createLogger, type Logger } from '#lib/log/logger.ts';
import { showBuild } from './process-metrics.ts';
import { version } from './version.ts';

/** Processes that run until they are stopped. */
export type ServiceName = Exclude<ProcessName, 'start' | `${string}-migrate`>;

export interface RunningService<Name extends ServiceName, More extends Record<string, Variable>> {
  config: Environment<Name, More>;
  log: Logger;
  /** Remembers how to close what was just opened. Closers run in reverse order, each once. */
  onStop(what: string, close: () => Promise<unknown> | unknown): void;
}

// Supervisors kill after ten seconds; half a second is left to flush the log.
const stopTimeoutMs = 9_500;

interface Closer {
  what: string;
  close: () => Promise<unknown> | unknown;
}

/**
 * Runs a service until SIGTERM, SIGINT, or the end of the IPC channel that its launcher started it
 * with (a launcher that was killed must not leave services behind). Repeated signals change
 * nothing: the terminal sends Ctrl-C to the whole group while the launcher sends SIGTERM.
 *
 * `moreVariables` are read beside those that the table lists for the process.
 * Exits 0 after a clean stop, 1 when the start fails, when something is thrown that nobody caught,
 * or when closing takes longer than 9.5 seconds.
 */
export async function runService<
  Name extends ServiceName,
  More extends Record<string, Variable> = Record<never, never>,
>(
  name: Name,
  start: (service: RunningService<Name, More>) => Promise<void>,
  moreVariables?: More,
): Promise<void> {
  const config = orExit(() => readEnvironment(name, { more: moreVariables }));
  const { PURSER_LOG_LEVEL: level } = config as Environment<ServiceName>;
  const instance = String((config as Record<string, unknown>)[`PURSER_${name.toUpperCase()}_PORT`]);
  const log = createLogger({ service: name, instance, level });
  showBuild(name);
  const closers: Closer[] = await traceIfWanted(name, { config, instance, log });
  const stop = once(async (why: string, exitCode: number) => {
    log.info({ why }, 'stopping');
    const clean = await closeAll(closers, log);
    exit(log, clean ? exitCode : 1);
  });
  exitOnUncaught(log);
  stopOnSignal(stop);
  try {
    await start({ config, log, onStop: (what, close) => closers.push({ what, close }) });
    log.info('started');
  } catch (error) {
    log.fatal({ error }, 'the start failed');
    await stop('the start failed', 1);
  }
}

/** OpenTelemetry is loaded only by a process that uses it. The last spans leave after all else. */
async function traceIfWanted(
  service: ServiceName,
  { config, instance, log }: { config: object; instance: string; log: Logger },
): Promise<Closer[]> {
  const settings = config as Partial<Environment<'gateway'>>;
  const target = settings.PURSER_TRACING ?? { to: 'off' };
  if (target.to === 'off') return [];
  const { startTracing } = await import('#lib/trace/open-telemetry.ts');
  const { stop } = startTracing({
    service,
    instance,
    version,
    target,
    endpoint: settings.OTEL_EXPORTER_OTLP_ENDPOINT!,
    sampler: settings.OTEL_TRACES_SAMPLER!,
    ratio: settings.OTEL_TRACES_SAMPLER_ARG!,
    log,
  });
  return [{ what: 'tracing', close: stop }];
}

function stopOnSignal(stop: (why: string, exitCode: number) => Promise<void>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => void stop(signal, 0));
  }
  if (process.connected) process.once('disconnect', () => void stop('the launcher is gone', 0));
}

// What state the process is in is unknown, so nothing is closed: every effect is fenced in the
// database, and whoever waits for an answer sees the connection end.
function exitOnUncaught(log: Logger): void {
  process.on('uncaughtException', (error, origin) => {
    log.fatal({ error, origin }, 'nobody caught this');
    exit(log, 1);
  });
}

/** Closes in reverse order of opening. False when something failed or the time was over. */
async function closeAll(closers: Closer[], log: Logger): Promise<boolean> {
  let open: string | undefined;
  let clean = true;
  const close = async () => {
    for (let closer = closers.pop(); closer !== undefined; closer = closers.pop()) {
      open = closer.what;
      try {
        await closer.close();
      } catch (error) {
        clean = false;
        log.error({ what: open, error }, 'closing failed');
      }
    }
    return true;
  };
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<false>((resolve) => {
    timer = setTimeout(resolve, stopTimeoutMs, false);
  });
  const inTime = await Promise.race([close(), timeout]);
  clearTimeout(timer);
  if (!inTime) log.error({ what: open, stopTimeoutMs }, 'closing took too long; giving up');
  return inTime && clean;
}

function exit(log: Logger, code: number): void {
  log.flush(() => process.exit(code));
  // A log that cannot be written (a full disk, a reader that hangs) must not keep the process
  // alive.
  setTimeout(() => process.exit(code), 400);
}

function once<A extends unknown[]>(
  work: (...args: A) => Promise<void>,
): (...args: A) => Promise<void> {
  let running: Promise<void> | undefined;
  return (...args) => (running ??= work(...args));
}
