import { resolve } from 'node:path';

/** A kind of process that `npm start` runs. Its variables begin with PURSER_<NAME>_. */
export interface ServiceEntry {
  name: string;
  /** Run with the channel to the launcher open; the process ends when that closes. */
  main: string;
  /** Brings the service's database to its schema and ends; a service without it has no database. */
  migrate?: string;
  /**
   * Makes what the service serves, if that has changed, and ends. When it fails, the system runs
   * without the service.
   */
  build?: string;
  /** Gets the operator's key, and the addresses of all databases. */
  operates?: boolean;
  /** Edges call the other services, and stop before them so that calls in flight can end. */
  edge: boolean;
}

const projectFolder = resolve(import.meta.dirname, '../..');

function inProject(path: string): string {
  return resolve(projectFolder, path);
}

/** Everything that runs; a further service is one more entry here. */
export const services: readonly ServiceEntry[] = [
  {
    name: 'orders',
    main: inProject('services/orders/main.ts'),
    migrate: inProject('services/orders/migrate.ts'),
    edge: false,
  },
  {
    name: 'payments',
    main: inProject('services/payments/main.ts'),
    migrate: inProject('services/payments/migrate.ts'),
    edge: false,
  },
  {
    name: 'notifications',
    main: inProject('services/notifications/main.ts'),
    migrate: inProject('services/notifications/migrate.ts'),
    edge: false,
  },
  {
    name: 'operations',
    main: inProject('services/operations/main.ts'),
    operates: true,
    edge: false,
  },
  { name: 'gateway', main: inProject('gateway/main.ts'), edge: true },
  {
    name: 'web',
    main: inProject('web/server/main.ts'),
    build: inProject('tools/web/build.ts'),
    edge: true,
  },
];

/** The same with the store front straight from its sources: a change is seen at once. */
export const developmentServices: readonly ServiceEntry[] = services.map((entry) =>
  entry.name === 'web'
    ? { name: 'web', main: inProject('web/server/development.ts'), edge: true }
    : entry,
);
