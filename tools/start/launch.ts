import { orExit } from '#lib/config/environment.ts';
import type { NatsSource } from '../local/find-nats-server.ts';
import { Launcher } from './launcher.ts';
import type { ServiceEntry } from './services.ts';
import { readSettings } from './settings.ts';
import { Steps } from './steps.ts';
import { welcome } from './welcome.ts';

export interface LaunchOptions {
  services: readonly ServiceEntry[];
  /** Where nats-server may come from when it is not installed; default: everywhere we know. */
  natsSources?: readonly NatsSource[];
}

/** npm passes a Ctrl-C on although the terminal has sent it already: one key press, two signals. */
const secondSignalAfterMs = 700;

const stopTimeoutMs = 9_500;

/**
 * Runs the system until SIGINT, SIGTERM or SIGHUP. Exits 0 after a stop, 1 when the start fails or
 * when a second signal, or ten seconds, cut the stop short.
 */
export async function launch({ services, natsSources }: LaunchOptions): Promise<void> {
  const settings = orExit(() => readSettings(services));
  const write = (text: string) => process.stdout.write(text);
  // The terminal may be gone, or the reader of a pipe; the system stops all the same.
  process.stdout.on('error', () => {});
  process.stderr.on('error', () => {});
  const launcher = new Launcher(settings, new Steps(write), natsSources);
  let stopping = false;
  const started = launcher.start();
  onSignals(
    () => {
      stopping = true;
      write('\nStopping …\n');
      void stopAndExit(launcher, started, 0);
    },
    () => {
      launcher.killNow();
      process.exit(1);
    },
  );
  try {
    await started;
    write(welcome(settings, launcher.operatorKey, (service) => !launcher.isLeftOut(service)));
  } catch (error) {
    if (stopping) return;
    process.stderr.write(`${(error as Error).message}\n`);
    await stopAndExit(launcher, started, 1);
  }
}

function onSignals(first: () => void, again: () => void): void {
  let firstAt: number | undefined;
  const handle = () => {
    if (firstAt === undefined) {
      firstAt = performance.now();
      first();
    } else if (performance.now() - firstAt > secondSignalAfterMs) {
      again();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, handle);
}

async function stopAndExit(
  launcher: Launcher,
  started: Promise<void>,
  exitCode: number,
): Promise<never> {
  setTimeout(() => {
    launcher.killNow();
    process.exit(1);
  }, stopTimeoutMs);
  await launcher.stop();
  await started.catch(() => {});
  process.exit(exitCode);
}
