import type { AddressInfo } from 'node:net';
import { createApp, type AppOptions } from './app.ts';

export interface GatewayOptions extends Omit<AppOptions, 'arrivalMs' | 'deadlineMs' | 'intake'> {
  host: string;
  /** 0 lets the system choose. */
  port: number;
  /** Each with a default that suits production. */
  limits?: Partial<Record<keyof typeof limitsDefault, number>>;
}

export interface Gateway {
  /** The port in use. */
  port: number;
  /**
   * Is not ready from now on, takes no more connections, and lets requests in flight finish for up
   * to 5 s.
   */
  stop(): Promise<void>;
}

const limitsDefault = {
  /** Milliseconds. */
  arrivalMs: 10_000,
  deadlineMs: 10_000,
  stopMs: 5_000,
  /** Open at a time, WebSockets included; an idle one costs some 10 KiB. */
  connections: 20_000,
  /** Requests; a body may have 128 KiB, so that those that arrive take 128 MiB at most. */
  arriving: 1_000,
  working: 2_000,
};

/** Opens the gateway's public port. Throws when it is taken. */
export async function startGateway({
  host,
  port,
  limits,
  ...options
}: GatewayOptions): Promise<Gateway> {
  const { stopMs, connections, ...appLimits } = { ...limitsDefault, ...limits };
  const app = createApp({ ...options, ...appLimits, intake: appLimits });
  app.server.maxConnections = connections;
  let stopping = false;
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close');
    done();
  });
  await app.listen({ host, port });
  return {
    port: (app.server.address() as AddressInfo).port,
    stop: async () => {
      stopping = true;
      options.readiness.stop();
      options.live.close();
      const timer = setTimeout(() => app.server.closeAllConnections(), stopMs);
      await app.close();
      clearTimeout(timer);
    },
  };
}
