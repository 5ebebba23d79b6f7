import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import * as assert from 'uvu/assert';
import { parse } from 'yaml';
import { methods } from '#gen/methods.ts';
import { allVariables } from '#lib/config/target-variables.ts';
import type { Variable } from '#lib/config/variable.ts';
import { suite } from '#test/harness/suite.ts';
import { findHelm } from '../../../tools/local/find-helm.ts';
import { services } from '../../../tools/start/services.ts';
import { readProject } from '../compose-file.ts';
import { forbiddenInPod } from './pod-security.ts';
import { chartFolder, isBuilt, type KubernetesObject, named, podOf, render } from './render.ts';
import { schemaFaults, unknownFields } from './schemas.ts';

const test = suite('the Helm chart');
const projectFolder = resolve(import.meta.dirname, '../../..');
const defaults = parse(readFileSync(join(chartFolder, 'values.yaml'), 'utf8'), { merge: true });
const domains = new Set(Object.values(methods).map(({ domain }) => domain));
const variables: Record<string, Variable> = allVariables(domains);

const everywhere = [{ namespaceSelector: {} }];
const scaled = (kind: string, processes: string[]) =>
  Object.fromEntries(processes.map((name) => [name, { autoscaling: { kind } }]));
const names = Object.keys(defaults.processes);
/** Of what audits, one runs. */
const scalable = names.filter((name) => defaults.processes[name].audits === undefined);

/** A service that the chart does not know: one more entry, and nothing else. */
const shipping = {
  ...defaults.processes.orders,
  ports: { grpc: 50_055 },
  internalPort: 9_055,
  calls: ['orders', 'payments'],
  migrate: 'services/shipping/migrate.ts',
};

/** Every option at least once with and once without, and what is likely together. */
const settings: Record<string, object> = {
  'as it is': {},
  'databases and broker of its own': {
    nats: { enabled: false },
    cloudnativepg: { enabled: false },
  },
  'databases and broker of its own, named and fenced': {
    nats: { enabled: false },
    cloudnativepg: { enabled: false },
    secrets: {
      nats: 'broker',
      databases: { orders: 'orders-db' },
    },
    networkPolicies: {
      databaseTo: [{ ipBlock: { cidr: '10.0.0.0/24' } }],
      natsTo: [{ ipBlock: { cidr: '10.0.1.0/24' } }],
    },
  },
  'everything on': {
    image: { registry: 'registry.example/', tag: '1.2.3', pullSecrets: ['pull'] },
    env: {
      PURSER_REFLECTION: 'off',
      NODE_OPTIONS: { valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
    },
    ingress: {
      enabled: true,
      className: 'nginx',
      host: 'shop.example',
      tlsSecret: 'shop',
      annotations: { a: 'b' },
    },
    networkPolicies: {
      gatewayFrom: everywhere,
      monitoringFrom: everywhere,
      egress: [{ to: everywhere, ports: [{ port: 4317 }] }],
    },
    secrets: { databases: { orders: 'orders-role' }, auditor: 'auditor', operations: 'operations' },
    podMonitor: { enabled: true, labels: { release: 'prometheus' } },
    cloudnativepg: {
      imageName: 'postgres:18',
      storage: { storageClass: 'fast' },
      walStorage: { storageClass: 'fast' },
      backup: { retentionPolicy: '30d' },
    },
    processes: { orders: { tlsSecret: 'orders-tls', env: { A: 1, PURSER_REFLECTION: 'on' } } },
  },
  'without policies, one of each': {
    networkPolicies: { enabled: false },
    cloudnativepg: { instances: 1 },
    streamReplicas: 1,
    nats: { config: { cluster: { replicas: 1, enabled: false } } },
    processes: Object.fromEntries(names.map((name) => [name, { replicas: 1 }])),
  },
  'an HPA for each': {
    processes: {
      ...scaled('hpa', scalable),
      payments: {
        autoscaling: {
          kind: 'hpa',
          metrics: [
            {
              type: 'External',
              external: {
                metric: { name: 'nats_consumer_num_pending' },
                target: { type: 'AverageValue', averageValue: '2000' },
              },
            },
          ],
        },
      },
    },
  },
  'KEDA for each': { processes: scaled('keda', scalable) },
  'without the store front': {
    processes: { web: { enabled: false }, gateway: { calls: ['orders', 'payments'] } },
  },
  'without operations': {
    secrets: { operations: '' },
    processes: {
      operations: { enabled: false },
      gateway: { calls: ['orders', 'payments', 'notifications', 'web'] },
    },
  },
  'a further service': { processes: { shipping } },
};

const found = await findHelm(resolve(process.env['PURSER_DATA'] ?? '.purser', 'cache'));
const helm = found.path ?? '';
if (found.path === undefined) {
  process.stderr.write(`The Helm chart is not rendered: ${found.reason}.\n`);
}
const withHelm = found.path === undefined ? test.skip : test;

if (!isBuilt) process.stderr.write('The chart of NATS is not rendered: helm dependency build.\n');
const withBroker = isBuilt ? withHelm : test.skip;

/** Rendered once each. */
const rendered = new Map<string, KubernetesObject[]>();
async function renderOf(name: string): Promise<KubernetesObject[]> {
  const known = rendered.get(name) ?? (await render(helm, settings[name]));
  rendered.set(name, known);
  return known;
}

for (const name of Object.keys(settings)) {
  withHelm(`${name}: each object fits its schema, each pod the restricted standard`, async () => {
    const objects = await renderOf(name);
    assert.ok(objects.length > 20);
    for (const object of objects) {
      const title = `${object.kind} ${object.metadata.name}`;
      assert.equal(await schemaFaults(object), [], title);
      const pod = podOf(object);
      if (pod !== undefined) assert.equal(forbiddenInPod(pod), [], title);
    }
    const keys = objects.map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    assert.is(new Set(keys).size, keys.length, 'each name once');
  });
}

withHelm(
  'no object has a field that Kubernetes does not know',
  async () => {
    const all = new Map<string, KubernetesObject>();
    for (const name of Object.keys(settings)) {
      for (const object of await renderOf(name)) all.set(JSON.stringify(object), object);
    }
    assert.equal(await unknownFields([...all.values()]), []);
  },
  { timeoutMs: 120_000 },
);

withHelm('values that contradict each other, or that nobody knows, are refused', async () => {
  const refused: [object, RegExp][] = [
    [{ replicas: 3 }, /additional properties 'replicas' not allowed/],
    [{ processes: { orders: { replica: 3 } } }, /additional properties 'replica' not allowed/],
    [{ image: { tag: 'latest' } }, /'not' failed/],
    [{ streamReplicas: 2 }, /must be one of 1, 3, 5/],
    [{ streamReplicas: 5 }, /streamReplicas is more than nats.config.cluster.replicas/],
    [{ ingress: { enabled: true } }, /ingress.enabled needs ingress.host/],
    [{ processes: { web: { enabled: false } } }, /gateway calls web, which is not enabled/],
    [{ processes: { web: { migrate: 'x.ts' } } }, /web.migrate needs database: true/],
    [{ processes: { operations: { replicas: 2 } } }, /operations audits: two instances would/],
    [{ processes: scaled('hpa', ['operations']) }, /operations audits: two instances would/],
    [
      { processes: { operations: { audits: ['web'] } } },
      /operations audits web, which has no database/,
    ],
    [{ processes: { operations: { database: true } } }, /audits or a database, not both/],
    [{ secrets: { operations: '' } }, /operations audits databases: it needs secrets.operations/],
    [
      { nats: { enabled: false }, processes: scaled('keda', ['orders']) },
      /orders.autoscaling.lag is read from the broker of this chart/,
    ],
  ];
  for (const [values, reason] of refused) {
    const outcome = await render(helm, values).catch((error: Error) => error);
    assert.instance(outcome, Error, JSON.stringify(values));
    assert.match((outcome as Error).message, reason);
  }
});

for (const service of services) {
  const { name, main, migrate } = service;
  withHelm(`${name} gets the variables that it reads, and all that it needs`, async () => {
    for (const setting of ['as it is', 'databases and broker of its own']) {
      const objects = await renderOf(setting);
      const [container] = podOf(named(objects, 'Deployment', `purser-${name}`)).containers;
      const set = new Set<string>(container.env.map((entry: { name: string }) => entry.name));
      const readBy = (variable: string) =>
        variables[variable]?.readBy.some((reader) => reader === name) ?? false;
      for (const variable of set) {
        if (variable.startsWith('PURSER_')) assert.ok(readBy(variable), `${name} ${variable}`);
      }
      for (const [variable, { default: standard }] of Object.entries(variables)) {
        const needed = standard === undefined || /127\.0\.0\.1:/.test(standard);
        if (readBy(variable) && needed) assert.ok(set.has(variable), `${name} ${variable}`);
      }
      const ports = container.ports.map((port: any) => port.containerPort);
      const expected = ['PORT', 'LIVE_PORT', 'INTERNAL_PORT']
        .map((kind) => variables[`PURSER_${name.toUpperCase()}_${kind}`]?.default)
        .filter((port) => port !== undefined);
      assert.equal(ports.map(String).toSorted(), expected.toSorted());
    }
  });

  withHelm(`${name} runs what its image runs, and its database is migrated before`, async () => {
    assert.ok(
      readProject('deploy/Dockerfile').includes(`CMD ["${relative(projectFolder, main)}"]`),
    );
    const own = await renderOf('databases and broker of its own');
    const jobs = own.filter(({ kind }) => kind === 'Job').map((job) => job.metadata.name);
    assert.is(jobs.includes(`purser-${name}-migrate`), migrate !== undefined);
    if (migrate === undefined) return;
    const hookOf = (objects: KubernetesObject[]) =>
      named(objects, 'Job', `purser-${name}-migrate`).metadata.annotations?.['helm.sh/hook'];
    assert.is(hookOf(own), 'pre-install,pre-upgrade');
    // The operator makes the database after the first installation has begun.
    assert.is(hookOf(await renderOf('as it is')), 'post-install,pre-upgrade');
    const [container] = podOf(named(own, 'Job', `purser-${name}-migrate`)).containers;
    assert.equal(container.args, [relative(projectFolder, migrate)]);
    const needed = `PURSER_${name.toUpperCase()}_MIGRATION_DATABASE_URL`;
    for (const objects of [own, await renderOf('as it is')]) {
      const [step] = podOf(named(objects, 'Job', `purser-${name}-migrate`)).containers;
      const set = step.env.map((entry: { name: string }) => entry.name);
      assert.ok(set.includes(needed), needed);
      assert.not.ok(set.includes(`PURSER_${name.toUpperCase()}_DATABASE_URL`));
      const [running] = podOf(named(objects, 'Deployment', `purser-${name}`)).containers;
      assert.not.ok(
        running.env.some((entry: { name: string }) => entry.name === needed),
        needed,
      );
    }
  });
}

withHelm('a pod has longer to stop than its pause and the 10 s of the process', async () => {
  for (const object of await renderOf('as it is')) {
    if (object.kind !== 'Deployment') continue;
    const pod = podOf(object);
    const [{ lifecycle }] = pod.containers;
    const pause = lifecycle.preStop.sleep.seconds;
    assert.ok(pause > 2 + 5, 'callers look names up every 2 s, name servers keep them for 5 s');
    assert.ok(pod.terminationGracePeriodSeconds > pause + 10);
  }
});

withHelm('gRPC services are headless, so that callers see every instance', async () => {
  for (const object of await renderOf('as it is')) {
    if (object.kind !== 'Service' || object.metadata.name.startsWith('purser-nats')) continue;
    const isGrpc = object.spec.ports.some((port: { name: string }) => port.name === 'grpc');
    assert.is(object.spec.clusterIP === 'None', isGrpc, object.metadata.name);
  }
});

withHelm('no password and no Secret is made here', async () => {
  for (const name of Object.keys(settings)) {
    for (const object of await renderOf(name)) {
      assert.is.not(object.kind, 'Secret');
      for (const { env = [] } of podOf(object)?.containers ?? []) {
        for (const { name: variable, value } of env) {
          if (!/PASSWORD|DATABASE_URL|NATS_URL/.test(variable)) continue;
          assert.ok(value === undefined || value.includes('_PASSWORD)@'), `${variable} ${value}`);
        }
      }
    }
  }
});

withHelm('KEDA reads streams and consumers that the services have', async () => {
  for (const { kind, metadata, spec } of await renderOf('KEDA for each')) {
    if (kind !== 'ScaledObject') continue;
    const lag = spec.triggers.find((trigger: any) => trigger.type === 'nats-jetstream')?.metadata;
    if (lag === undefined) continue;
    const own = metadata.name.replace('purser-', '');
    const subject = `$JS.API.CONSUMER.CREATE.${lag.stream}.${lag.consumer}.>`;
    assert.ok(lag.consumer.startsWith(`${own}-`), lag.consumer);
    assert.ok(readProject('deploy/nats/nats-server.conf').includes(`"${subject}"`), subject);
  }
});

withBroker('the chart of NATS makes three brokers that flush what they keep', async () => {
  const objects = await renderOf('as it is');
  assert.is(named(objects, 'StatefulSet', 'purser-nats').spec.replicas, 3);
  const configuration = named(objects, 'ConfigMap', 'purser-nats-config').data?.['nats.conf'];
  assert.match(configuration ?? '', /"sync_interval": "?always"?/);
  assert.match(configuration ?? '', 'include ../purser/nats-authorization.conf;');
});

withHelm('each stream is on three disks, and a commit on two', async () => {
  const objects = await renderOf('as it is');
  assert.is(defaults.nats.config.cluster.replicas, 3);
  for (const name of ['orders', 'payments', 'notifications']) {
    const { postgresql, instances } = named(objects, 'Cluster', `purser-${name}-db`).spec;
    assert.is(instances, 3);
    assert.equal(postgresql.synchronous, {
      method: 'any',
      number: 1,
      dataDurability: 'required',
      failoverQuorum: true,
    });
    const [{ env }] = podOf(named(objects, 'Deployment', `purser-${name}`)).containers;
    const value = (variable: string) => env.find((entry: any) => entry.name === variable).value;
    assert.is(value('PURSER_STREAM_REPLICAS'), '3');
    assert.is(value('PURSER_STREAM_BYTES_MAX'), '536870912');
  }
});

withHelm('only who calls a process reaches it, and a database only its service', async () => {
  const objects = await renderOf('as it is');
  for (const { kind, metadata, spec } of objects) {
    if (!podOf({ kind, metadata, spec, apiVersion: '' }) || kind === 'StatefulSet') continue;
    const labels = spec.template.metadata.labels;
    const policies = objects.filter(
      (object) =>
        object.kind === 'NetworkPolicy' &&
        Object.entries(object.spec.podSelector.matchLabels).every(
          ([key, value]) => labels[key] === value,
        ),
    );
    assert.is(policies.length, 1, `${kind} ${metadata.name}`);
  }
  const peersOf = (peers: any[]) =>
    peers.flatMap(({ podSelector: { matchLabels = {} } }) => Object.values(matchLabels)).toSorted();
  const callersOf = (name: string) =>
    peersOf(
      named(objects, 'NetworkPolicy', name).spec.ingress.flatMap((rule: any) => rule.from),
    ).filter((value) => value !== 'purser');
  assert.equal(callersOf('purser-payments'), ['gateway', 'operations', 'orders']);
  assert.equal(callersOf('purser-operations'), ['gateway']);
  for (const name of ['orders', 'payments', 'notifications']) {
    const [first] = named(objects, 'NetworkPolicy', `purser-${name}-db`).spec.ingress;
    const { values } = first.from[0].podSelector.matchExpressions[0];
    assert.equal(values, [name, `${name}-migrate`, 'operations']);
  }
  const ways = named(objects, 'NetworkPolicy', 'purser-operations').spec.egress;
  const reached = peersOf(ways.flatMap((rule: any) => rule.to).filter((to: any) => to.podSelector));
  assert.equal(
    reached.filter((value) => value !== 'purser'),
    [
      'nats',
      'notifications',
      'orders',
      'payments',
      'purser-notifications-db',
      'purser-orders-db',
      'purser-payments-db',
    ],
  );
});

test.run();
