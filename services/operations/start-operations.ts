import { callersDefault } from '#lib/grpc/callers.ts';
import { startGrpcServer } from '#lib/grpc/server.ts';
import { lookUpAll, type LookUp } from '#lib/grpc/instances-resolver.ts';
import { startInternalServer } from '#lib/internal-http/server.ts';
import type { Logger } from '#lib/log/logger.ts';
import { getInstance } from '#lib/operations/get-instance.ts';
import { isTransient } from '#lib/pg/failure.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { PeriodicJob } from '#lib/service/periodic-job.ts';
import type { OnStop } from '#lib/service/service-definition.ts';
import type { Running } from '#lib/service/start-service.ts';
import type { TlsFolder } from '#lib/tls/tls-folder.ts';
import { systemClock } from '#lib/time/clock.ts';
import { audit } from './audit/audit.ts';
import { Auditor } from './audit/auditor.ts';
import { openLetterBox } from './dead-letters/letter-box.ts';
import { operationsRpcs } from './service.ts';
import { Instances } from './status/instances.ts';
import { Sampler } from './status/sampler.ts';

export interface OperationsSettings {
  host: string;
  /** Ports of gRPC and of health and metrics; 0 lets the system choose. */
  port: number;
  internalPort: number;
  reflection: boolean;
  /** What operators sign in with; undefined lets in nobody. */
  operatorKey: string | undefined;
  /** Addresses of the services to watch, by name. */
  targets: Readonly<Record<string, string>>;
  /** Speaks to all others over mutual TLS, with this certificate. */
  tls?: TlsFolder | undefined;
  /** Addresses of the services' databases, under the role of Operations. */
  databases: { orders: string; payments: string; notifications: string };
  natsUrl: string;
  /** Seconds from the end of one audit to the next; 0 for none that nobody asks for. */
  auditIntervalSeconds: number;
  lookUp?: LookUp;
}

/** The one that the broker of the containers allows. */
const auditConsumer = 'operations-audit';

/**
 * Starts Operations. It is ready as soon as it listens, whatever else is down: that is when it is
 * needed.
 */
export async function startOperations(
  settings: OperationsSettings,
  { log, onStop }: { log: Logger; onStop: OnStop },
): Promise<Running> {
  const { host, port, internalPort, databases, natsUrl: nats, tls } = settings;
  const readiness = new Readiness({ checks: {}, log });
  const internal = await startInternalServer({ host, port: internalPort, readiness });
  onStop('internal server', () => internal.stop());
  const sampler = startSampler(settings, { log, onStop, readiness });
  const { letterBox, close } = openLetterBox(databases);
  onStop('databases', close);
  const auditor = new Auditor({
    run: (more) => audit({ ...databases, ...more, nats, tls, consumer: auditConsumer }),
    intervalSeconds: settings.auditIntervalSeconds,
    clock: systemClock,
    log,
  });
  const jobs = [sampler.job(), ...auditor.jobs()].map((job) => new PeriodicJob(job, { log }));
  for (const job of jobs) job.start();
  onStop('jobs', () => Promise.all(jobs.map((job) => job.stop())));
  const server = await startGrpcServer({
    host,
    port,
    implementations: operationsRpcs({ sampler, letterBox, auditor }),
    operatorKey: settings.operatorKey,
    tls: tls && { folder: tls, callers: callersDefault },
    reflection: settings.reflection,
    isTransient,
    readiness,
    log,
  });
  onStop('gRPC', () => server.stop());
  return { port: server.port, internalPort: internal.port };
}

function startSampler(
  { host, port, targets, tls, lookUp = lookUpAll }: OperationsSettings,
  { log, onStop, readiness }: { log: Logger; onStop: OnStop; readiness: Readiness },
): Sampler {
  const watched = Object.entries(targets).map(
    ([service, target]) => new Instances({ service, target, tls, log, lookUp }),
  );
  onStop('connections to the instances', () => watched.forEach((service) => service.close()));
  const itself = getInstance({ service: 'operations', readiness });
  return new Sampler({
    clock: systemClock,
    ask: async () => {
      const [own, ...others] = await Promise.all([
        itself({}, undefined as never),
        ...watched.map((service) => service.ask()),
      ]);
      const address = `${host}:${port}`;
      return [...others.flat(), { service: 'operations', address, instance: own, problem: '' }];
    },
  });
}
