// What the doctor looks at in the variables of the processes that npm start runs.
import { EnvironmentError, readEnvironment } from '#lib/config/environment.ts';
import type { ProcessName } from '#lib/config/variable.ts';
import { environmentOf } from '../start/child-environment.ts';
import type { Settings } from '../start/settings.ts';
import { ok, problem, type Finding } from './finding.ts';

/** Stands in for what npm start finds out only when its servers run. */
const anyDatabase = 'postgresql://doctor@127.0.0.1:5432/doctor';

/**
 * One problem for each variable that a service would refuse when npm start gives it this process's
 * environment, or one finding that all are good. The launcher's own are checked by readSettings.
 */
export function lookAtVariables(settings: Settings): Finding[] {
  const { instances, natsPort, operatorKey = '' } = settings;
  const url = { service: anyDatabase, migration: anyDatabase, operations: anyDatabase };
  const owners = instances.filter(({ service }) => service.migrate !== undefined);
  const backing = {
    natsUrl: `nats://127.0.0.1:${natsPort}`,
    databaseUrls: new Map(owners.map(({ service }) => [service.name, url] as const)),
    operatorKey,
  };
  const problems = instances.flatMap((instance) => {
    // Certificates are made by the start.
    const source = environmentOf(instance, { ...settings, certificates: undefined }, backing);
    return faultsOf(instance.service.name as ProcessName, source);
  });
  if (problems.length === 0) return [ok('The variables of all services can be read.')];
  return [...new Set(problems)].map(problem);
}

function faultsOf(processName: ProcessName, source: NodeJS.ProcessEnv): string[] {
  try {
    readEnvironment(processName, { source });
    return [];
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
}
