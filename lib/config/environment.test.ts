import { spawnSync } from 'node:child_process';
import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { EnvironmentError, readEnvironment } from './environment.ts';
import { splitAddress } from './parse-value.ts';
import { allVariables, targetVariable } from './target-variables.ts';
import type { Variable } from './variable.ts';
import { variables } from './variables.ts';

const test = suite('environment');
const ordersUrl = 'postgresql://purser:secret@127.0.0.1:54329/orders';

function problemsOf(read: () => unknown): string[] {
  try {
    read();
  } catch (error) {
    if (error instanceof EnvironmentError) return error.problems;
    throw error;
  }
  return [];
}

test('unset and empty variables have their defaults, as typed values', () => {
  const source = { PURSER_ORDERS_DATABASE_URL: ordersUrl, PURSER_HOST: '' };
  const config = readEnvironment('orders', { source });
  assert.is(config.PURSER_HOST, '127.0.0.1');
  assert.is(config.PURSER_ORDERS_PORT, 50051);
  assert.is(config.PURSER_REFLECTION, true);
  assert.is(config.PURSER_LOG_LEVEL, 'info');
  assert.ok(Object.isFrozen(config));
});

test('a process neither reads nor judges the variables of another', () => {
  const source = { PURSER_ORDERS_DATABASE_URL: ordersUrl, PURSER_GATEWAY_PORT: 'nonsense' };
  const config = readEnvironment('orders', { source });
  assert.not.ok('PURSER_GATEWAY_PORT' in config);
});

test('every fault is told at once, one sentence each', () => {
  const source = {
    PURSER_ORDERS_PORT: '70000',
    PURSER_LOG_LEVEL: 'loud',
    PURSER_REFLECTION: 'maybe',
  };
  const problems = problemsOf(() => readEnvironment('orders', { source }));
  assert.equal(problems.toSorted(), [
    'PURSER_LOG_LEVEL must be one of trace, debug, info, warn, error, fatal, silent, not "loud".',
    `PURSER_ORDERS_DATABASE_URL is not set. ${variables.PURSER_ORDERS_DATABASE_URL.description}`,
    'PURSER_ORDERS_PORT must be a whole number from 1 to 65535, not "70000".',
    'PURSER_REFLECTION must be one of on, off, not "maybe".',
  ]);
});

test('the value of a secret is not repeated', () => {
  const source = { PURSER_ORDERS_DATABASE_URL: 'mysql://purser:hunter2@db/orders' };
  const [problem = ''] = problemsOf(() => readEnvironment('orders', { source }));
  assert.match(problem, /^PURSER_ORDERS_DATABASE_URL must be a URL like postgresql:/);
  assert.not.match(problem, /hunter2/);
});

test('production refuses a password that is published, and nothing else', () => {
  const published = 'postgresql://orders:development-only-orders@db/orders';
  const read = (source: Record<string, string>) => () => readEnvironment('orders', { source });
  const production = { PURSER_ENV: 'production' };
  assert.equal(problemsOf(read({ PURSER_ORDERS_DATABASE_URL: published })), []);
  assert.equal(problemsOf(read({ ...production, PURSER_ORDERS_DATABASE_URL: ordersUrl })), []);
  const problems = problemsOf(
    read({
      ...production,
      PURSER_ORDERS_DATABASE_URL: published,
      PURSER_NATS_URL: 'nats://orders:development-only-orders@nats:4222',
    }),
  );
  assert.is(problems.length, 2);
  assert.match(problems[0] ?? '', /^PURSER_NATS_URL has a password that everybody can read/);
  assert.not.match(problems.join(), /development-only/);
});

test('more variables are read beside those of the table', () => {
  const more = {
    PURSER_ORDERS_TARGET: targetVariable('orders'),
    PURSER_NEW_TARGET: targetVariable('new'),
  };
  const source = { PURSER_NEW_TARGET: 'new.internal:50060' };
  const config = readEnvironment('gateway', { source, more });
  assert.is(config.PURSER_ORDERS_TARGET, '127.0.0.1:50051');
  assert.is(config.PURSER_NEW_TARGET, 'new.internal:50060');
  assert.match(
    problemsOf(() => readEnvironment('gateway', { source: {}, more }))[0] ?? '',
    /^PURSER_NEW_TARGET/,
  );
});

const good: [Variable, string[]][] = [
  [variables.PURSER_HOST, ['0.0.0.0', '::1', 'localhost', 'orders-1.internal']],
  [variables.PURSER_ORDERS_PORT, ['1', '65535']],
  [
    variables.PURSER_ORDERS_DATABASE_URL,
    ['postgres://a/b', 'postgresql://u:p@[::1]:5432/db?sslmode=verify-full'],
  ],
  [variables.PURSER_NATS_URL, ['nats://a:4222', 'tls://a:4222,tls://u:p@b:4222']],
  [variables.PURSER_DATA, ['.purser', '/var/lib/purser']],
  [variables.PURSER_TLS_FOLDER, ['off']],
  [variables.PURSER_USER_RATE_LIMIT, ['off', '1', '1000000']],
  [variables.PURSER_WEB_TARGET, ['web:8082', '127.0.0.1:1', '[::1]:1']],
  [variables.PURSER_TRACING, ['off', 'otlp', 'file:/tmp/a', 'file:a b']],
  [variables.OTEL_TRACES_SAMPLER_ARG, ['0', '1', '0.5', '1.0']],
  [variables.OTEL_EXPORTER_OTLP_ENDPOINT, ['http://a:4318', 'https://a.example/otlp']],
  [targetVariable('orders'), ['orders:50051', '127.0.0.1:1,127.0.0.1:2', '[::1]:1,[::2]:2']],
];
const bad: [Variable, string[]][] = [
  [variables.PURSER_HOST, ['a b', 'http://a', '-a', '127.0.0.1:80']],
  [variables.PURSER_ORDERS_PORT, ['0', '65536', '-1', '1.5', '0x10', '1e3', ' 80', 'NaN']],
  [variables.PURSER_ORDERS_INSTANCES, ['0', '21', 'many']],
  [
    variables.PURSER_ORDERS_DATABASE_URL,
    ['orders', 'http://a/b', 'postgres://a', 'postgres://a/', 'postgres://a/b?sslmode=require'],
  ],
  [
    variables.PURSER_NATS_URL,
    ['127.0.0.1:4222', 'http://a', 'nats://a:4222,', 'nats://', 'tls://a,nats://b'],
  ],
  [variables.PURSER_DATA, [' ', 'a\0b']],
  [variables.PURSER_TRACING, ['on', 'file:', 'OTLP']],
  [variables.OTEL_TRACES_SAMPLER_ARG, ['1.1', '-1', '1%', '', '1e-2']],
  [variables.OTEL_TRACES_SAMPLER, ['sometimes']],
  [variables.OTEL_EXPORTER_OTLP_ENDPOINT, ['a:4318', 'grpc://a']],
  [variables.PURSER_USER_RATE_LIMIT, ['0', '-1', '1.5', '1000001', '', '1e3', 'on', '01']],
  [variables.PURSER_TLS_FOLDER, ['on', '/nowhere', import.meta.dirname]],
  [variables.PURSER_WEB_TARGET, ['web', 'web:0', 'http://web:80', '127.0.0.1:1,127.0.0.1:2']],
  [
    targetVariable('orders'),
    ['orders', 'orders:0', 'a:1,b:2', '127.0.0.1:1,[::1]:1', '127.0.0.1:1,', '::1:1'],
  ],
];

test('each parser takes what is good and refuses what is not', () => {
  for (const [variable, texts] of good) for (const text of texts) variable.parse(text);
  for (const [variable, texts] of bad) {
    for (const text of texts)
      assert.throws(
        () => variable.parse(text),
        (e: unknown) => e instanceof RangeError,
        text,
      );
  }
});

test('an address is split from its port', () => {
  assert.equal(splitAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
  assert.equal(splitAddress('[::1]:80'), { host: '::1', port: 80 });
  assert.is(splitAddress('host'), undefined);
});

test('every default is valid, and every variable is described', () => {
  for (const [name, variable] of Object.entries(allVariables(['orders', 'payments']))) {
    assert.match(name, /^(PURSER|OTEL)(_[A-Z]+)+$/);
    assert.match(variable.description, /^[A-Z].*\.$/, name);
    if (variable.default !== undefined) variable.parse(variable.default);
  }
  assert.ok('PURSER_PAYMENTS_TARGET' in allVariables(['payments']));
});

test('a process with a wrong variable says so on stderr and exits with 1', () => {
  const code = `
    const { orExit, readEnvironment } = await import('${import.meta.resolve('./environment.ts')}');
    orExit(() => readEnvironment('gateway'));
    console.log('went on');`;
  const env = { ...process.env, PURSER_GATEWAY_PORT: 'http' };
  const run = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    env,
    encoding: 'utf8',
  });
  assert.is(
    run.stderr,
    'PURSER_GATEWAY_PORT must be a whole number from 1 to 65535, not "http".\n',
  );
  assert.is(run.stdout, '');
  assert.is(run.status, 1);
});

test.run();
