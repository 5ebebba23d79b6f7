import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import { createLogger, userHash, type Logger } from './logger.ts';

const test = suite('logger');

type Line = Record<string, unknown>;

interface Logged {
  error: { message: string; stack: string; cause: { message: string } };
}

function capture(level: 'info' | 'debug' = 'info'): { log: Logger; lines: () => Line[] } {
  const written: string[] = [];
  const destination = { write: (text: string) => void written.push(text) };
  const log = createLogger({ service: 'orders', instance: '50051', level, destination });
  return { log, lines: () => written.map((text) => JSON.parse(text)) };
}

test('a line says when, how severe, and which process', () => {
  const { log, lines } = capture();
  log.warn({ orders: 3 }, 'hello');
  const [line = {}] = lines();
  assert.is(line.level, 'warn');
  assert.is(line.service, 'orders');
  assert.is(line.instance, '50051');
  assert.is(line.pid, process.pid);
  assert.is(line.orders, 3);
  assert.is(line.msg, 'hello');
  assert.is(new Date(String(line.time)).toISOString(), line.time);
});

test('lines below the level are not written', () => {
  const { log, lines } = capture();
  log.debug('quiet');
  assert.is(lines().length, 0);
});

test('an error is logged with its stack and its causes', () => {
  const { log, lines } = capture();
  const cause = new Error('the disk is full');
  log.error({ error: new Error('could not write', { cause }) }, 'failed');
  const { error } = lines()[0] as unknown as Logged;
  assert.is(error.message, 'could not write');
  assert.match(error.stack, /logger\.test\.ts/);
  assert.is(error.cause.message, 'the disk is full');
});

test('secrets are redacted, also one level down', () => {
  const { log, lines } = capture();
  log.info(
    { password: 'hunter2', headers: { authorization: 'Bearer hunter2', host: 'a' } },
    'login',
  );
  const [line = {}] = lines();
  assert.is(line.password, '[redacted]');
  assert.equal(line.headers, { authorization: '[redacted]', host: 'a' });
});

test('secrets that an error carries are redacted as well', () => {
  const { log, lines } = capture();
  const error = Object.assign(new Error('refused'), { password: 'hunter2', host: 'a' });
  log.error({ error }, 'failed');
  const [line = {}] = lines();
  assert.is((line.error as Line).password, '[redacted]');
  assert.is((line.error as Line).host, 'a');
  assert.is(error.password, 'hunter2');
});

test('text cannot forge another line', () => {
  const written: string[] = [];
  const destination = { write: (text: string) => void written.push(text) };
  const log = createLogger({ service: 'a', instance: '1', level: 'info', destination });
  log.info({ description: 'x\n{"level":"fatal"}\u001b[31m' }, 'a\nb');
  assert.is(written.length, 1);
  assert.is(written[0]?.trim().includes('\n'), false);
  assert.is(written[0]?.includes('\u001b'), false);
});

test('a user id is recognisable in logs and not readable', () => {
  assert.is(userHash('alice'), userHash('alice'));
  assert.is.not(userHash('alice'), userHash('bob'));
  assert.match(userHash('alice'), /^[0-9a-f]{16}$/);
});

test.run();
