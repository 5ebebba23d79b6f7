import { relative, resolve } from 'node:path';
import { parseEnv } from 'node:util';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { allVariables, targetName } from '#lib/config/target-variables.ts';
import type { Variable } from '#lib/config/variable.ts';
import { suite } from '#test/harness/suite.ts';
import { services } from '../../tools/start/services.ts';
import { readComposeFile, readDockerfile, readProject, type Container } from './compose-file.ts';

const test = suite('docker-compose.yml and deploy/Dockerfile');

const compose = readComposeFile();
const stages = readDockerfile();
const domains = new Set(Object.values(methods).map(({ domain }) => domain));
const variables: Record<string, Variable> = allVariables(domains);
const all = Object.entries(compose.services);
/** What runs unless somebody asks for more by a profile. */
const containers = all.filter(([, { profiles }]) => profiles === undefined);
const ours = containers.filter(([, { image }]) => image.startsWith('purser/'));
const projectFolder = resolve(import.meta.dirname, '../..');

function container(name: string): Container {
  const found = compose.services[name];
  if (found === undefined) throw new Error(`docker-compose.yml has no service ${name}`);
  return found;
}

/** What a container has in its environment, values as in development. */
function environmentOf({ env_file: file, environment = {} }: Container): NodeJS.Dict<string> {
  const name = /\/([\w-]+\.env)$/.exec(file ?? '')?.[1];
  const secrets = name === undefined ? {} : parseEnv(readProject(`deploy/development/${name}`));
  return { ...secrets, ...environment };
}

for (const { name, main, migrate } of services) {
  const upper = name.toUpperCase();
  const portOf = (kind: string) => variables[`PURSER_${upper}_${kind}`]?.default;

  test(`${name} is there, as its own image that says when it is ready`, () => {
    const { image, build, user } = container(name);
    assert.match(image, new RegExp(`^purser/${name}:`));
    assert.is(build?.target, name);
    assert.is(user, '10001:10001');
    const stage = stages.get(name);
    assert.is(stage?.base, 'runtime');
    const text = stage?.instructions.join('\n') ?? '';
    assert.match(text, `CMD ["${relative(projectFolder, main)}"]`);
    assert.match(text, /HEALTHCHECK .*CMD \["node", /);
    assert.match(text, `"${portOf('INTERNAL_PORT')}"]`);
    assert.match(text, `EXPOSE ${portOf('PORT')} `);
  });

  test(`the variables of ${name} are ones that it reads, and all that it needs`, () => {
    const set = environmentOf(container(name));
    const readBy = (variable: Variable | undefined) =>
      variable?.readBy.some((reader) => reader === name) ?? false;
    for (const variable of Object.keys(set)) assert.ok(readBy(variables[variable]), variable);
    for (const [variable, { default: standard }] of Object.entries(variables)) {
      if (!readBy(variables[variable])) continue;
      // What a container finds at 127.0.0.1 is itself.
      const needed = standard === undefined || /127\.0\.0\.1:/.test(standard);
      if (needed) assert.ok(set[variable], `${name} needs ${variable}`);
    }
  });

  if (migrate === undefined) continue;
  test(`${name} has a database for itself and Operations, and a step that migrates it`, () => {
    const database = container(`${name}-db`);
    const step = container(`${name}-migrate`);
    const network = `${name}-data`;
    const members = containers.filter(([, { networks }]) => networks?.includes(network));
    const allowed = [name, `${name}-db`, `${name}-migrate`, 'operations'];
    assert.equal(members.map(([member]) => member).toSorted(), allowed.toSorted());
    assert.ok(compose.networks[network]?.internal);
    assert.equal(database.networks, [network]);
    assert.equal(database.volumes, [`${network}:/var/lib/postgresql`]);
    assert.ok(network in compose.volumes);
    assert.equal(step.command, [relative(projectFolder, migrate)]);
    const { condition } = container(name).depends_on?.[`${name}-migrate`] ?? {};
    assert.is(condition, 'service_completed_successfully');
  });

  test(`only the migration of ${name} has the password of the owner of its database`, () => {
    const migration = `PURSER_${upper}_MIGRATION_DATABASE_URL`;
    assert.equal(variables[migration]?.readBy, [`${name}-migrate`]);
    const urlOf = (variable: string, step: string) =>
      new URL(environmentOf(container(step))[variable] ?? '');
    const owner = urlOf(migration, `${name}-migrate`);
    const service = urlOf(`PURSER_${upper}_DATABASE_URL`, name);
    assert.equal([owner.username, service.username], [`${name}_owner`, name]);
    const secrets = environmentOf(container(`${name}-db`));
    assert.is(owner.password, secrets['OWNER_PASSWORD']);
    assert.is(service.password, secrets['POSTGRES_PASSWORD']);
    for (const [other, found] of containers) {
      const isIts = [`${name}-migrate`, `${name}-db`].includes(other);
      const text = JSON.stringify(environmentOf(found));
      assert.is(text.includes(owner.password), isIts, other);
    }
  });
}

test('whoever calls a service finds it by its name', () => {
  for (const domain of domains) {
    const port = variables[`PURSER_${domain.toUpperCase()}_PORT`]?.default;
    for (const [name, found] of containers) {
      const value = environmentOf(found)[targetName(domain)];
      if (value !== undefined) assert.is(value, `${domain}:${port}`, name);
    }
  }
});

test('every container is fenced in', () => {
  for (const [name, found] of all) {
    assert.is(found.read_only, true, name);
    assert.equal(found.cap_drop, ['ALL'], name);
    assert.ok(found.security_opt?.includes('no-new-privileges:true'), name);
    const { cpus, memory, pids } = found.deploy?.resources?.limits ?? {};
    assert.ok(cpus && memory && pids, `${name} has limits`);
    assert.ok(found.restart, name);
    assert.ok(Number.parseInt(found.stop_grace_period ?? '0', 10) > 10, `${name} has time to stop`);
    assert.match(found.image, /^[\w./-]+:(?!latest)[\w${}:.-]+$/, name);
  }
});

test('only databases have capabilities, and only the broker the number of root', () => {
  for (const [name, { cap_add: added, user, image }] of containers) {
    assert.is(added !== undefined, image.startsWith('postgres:'), name);
    if (!image.startsWith('postgres:')) assert.is(user === '0:0', name === 'nats', name);
  }
});

test('only the balancer publishes a port, and only it reaches the outside', () => {
  const publishing = containers.filter(([, { ports }]) => ports !== undefined);
  assert.equal(
    publishing.map(([name, { ports }]) => [name, ports]),
    [['balancer', ['${PURSER_GATEWAY_PORT:-8080}:8080']]],
  );
  const open = Object.entries(compose.networks).filter(([, network]) => !network?.internal);
  assert.equal(
    open.map(([name]) => name),
    ['front'],
  );
  const outside = containers.filter(([, { networks }]) => networks?.includes('front'));
  assert.equal(
    outside.map(([name]) => name),
    ['balancer'],
  );
});

test('a profile publishes on the address of this machine alone', () => {
  const profiled = all.filter(([, { profiles }]) => profiles !== undefined);
  assert.ok(profiled.length > 0);
  for (const [name, { ports = [] }] of profiled) {
    for (const published of ports) assert.match(published, /^127\.0\.0\.1:/, name);
  }
});

test('what runs for ever says when it is healthy, and what depends on it waits for that', () => {
  for (const [name, { healthcheck, image, restart, depends_on: needs = {} }] of containers) {
    const step = restart === 'no';
    assert.is(healthcheck?.disable ?? false, step, name);
    if (!image.startsWith('purser/')) assert.is(healthcheck?.test?.[0], 'CMD', name);
    for (const [needed, { condition }] of Object.entries(needs)) {
      const ends = container(needed).restart === 'no';
      const wanted = ends ? 'service_completed_successfully' : 'service_healthy';
      assert.is(condition, wanted, `${name} waits for ${needed}`);
    }
  }
});

test('a step runs in the image that a service builds', () => {
  for (const [name, { image, build }] of ours) {
    if (build !== undefined) assert.is(build.dockerfile, 'deploy/Dockerfile', name);
    else
      assert.ok(
        ours.some(([, other]) => other.build && other.image === image),
        name,
      );
  }
});

test('the images run as a numbered user, without a shell, on the Node of the project', () => {
  const { devDependencies } = JSON.parse(readProject('package.json')) as {
    devDependencies: Record<string, string>;
  };
  const [major] = devDependencies['node']?.split('.') ?? [];
  const bases = [...stages.values()].map(({ base }) => base).filter((base) => base.includes(':'));
  assert.equal([...new Set(bases)], [`node:${major}-slim`]);
  const { instructions = [] } = stages.get('runtime') ?? {};
  assert.ok(instructions.includes('USER 10001:10001'));
  assert.ok(instructions.includes('ENTRYPOINT ["node"]'));
  assert.ok(instructions.includes('STOPSIGNAL SIGTERM'));
  assert.ok(instructions.some((line) => line.startsWith('COPY') && line.includes('sbom.cdx.json')));
  const commands = [...stages.values()].flatMap((stage) =>
    stage.instructions.filter((line) => /^(CMD|ENTRYPOINT)/.test(line)),
  );
  for (const line of commands) assert.match(line, /^\w+ \[/);
});

test('every password for development is marked as one', () => {
  const files = containers.flatMap(([, { env_file: file }]) => (file === undefined ? [] : [file]));
  assert.ok(files.length > 0);
  for (const file of new Set(files)) {
    const [, folder, name] = /^(.*)\/([\w-]+\.env)$/.exec(file) ?? [];
    assert.is(folder, '${PURSER_SECRETS:-./deploy/development}');
    const text = readProject(`deploy/development/${name}`);
    assert.match(text, /^# DEVELOPMENT ONLY\./);
    for (const [key, value] of Object.entries(parseEnv(text))) {
      assert.match(value ?? '', 'development-only', `${name}: ${key}`);
    }
  }
});

test.run();
