import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { type OutboxFixture, openOutbox } from '#lib/outbox/outbox-fixture.ts';
import type { ServiceDeps } from '#lib/service/service-definition.ts';
import { metricValue } from '#test/harness/metric-value.ts';
import { suite } from '#test/harness/suite.ts';
import { countWaitingLetters } from './count-waiting.ts';
import { causeText, type DeadLetter, insertDeadLetter } from './insert-dead-letter.ts';

const test = suite('dead letters');

let fixture: OutboxFixture;
test.before(async () => {
  fixture = await openOutbox();
});
test.after.each(() => fixture.reset());
test.after(() => fixture.close());

const letter: DeadLetter = {
  source: 'payments',
  eventId: randomUUID(),
  type: 'purser.test.v1.Happened',
  subject: 'purser.v1.test.happened.0',
  about: 'orders/1',
  headers: { 'ce-id': 'x', odd: 'a\u0000b \\u0000' },
  payload: new Uint8Array([7, 0, 255]).subarray(1),
  deliveries: 2,
};

const keep = (changed: Partial<DeadLetter>, error: unknown) =>
  fixture.database.single((tx) => insertDeadLetter(tx, { ...letter, ...changed }, error));

const kept = () =>
  fixture.sql<Record<string, unknown>>('select * from dead_letters order by create_time');

test('a message is kept with its payload, headers and cause', async () => {
  await keep({}, new TypeError('bad amount', { cause: new Error('no digits') }));
  const [{ id, create_time, payload, headers, ...row } = {}] = await kept();
  assert.equal(row, {
    source: 'payments',
    event_id: letter.eventId,
    type: letter.type,
    subject: letter.subject,
    about: letter.about,
    cause: 'TypeError: bad amount; caused by Error: no digits',
    deliveries: 2,
    resolution: null,
    resolved_time: null,
    reason: null,
  });
  assert.equal([...(payload as Buffer)], [0, 255]);
  assert.is((headers as Record<string, string>)['ce-id'], 'x');
  assert.type(id, 'string');
  assert.instance(create_time, Date);
});

test('a repeat of one event at one place is one row with the newest cause', async () => {
  await keep({}, new Error('first'));
  await keep({ deliveries: 3 }, new Error('second'));
  await keep({ source: 'orders' }, new Error('elsewhere'));
  const rows = await kept();
  assert.equal(
    rows.map(({ source, cause, deliveries }) => [source, cause, deliveries]),
    [
      ['payments', 'Error: second', 3],
      ['orders', 'Error: elsewhere', 2],
    ],
  );
});

test('messages without a name are kept each', async () => {
  const nameless = { eventId: undefined, type: undefined, about: undefined };
  await keep(nameless, 'text');
  await keep(nameless, undefined);
  assert.is((await kept()).length, 2);
});

test('NUL characters do not make the burial fail', async () => {
  await keep({ type: 'a\0b', about: '\0', subject: 'x\0' }, new Error('\0'));
  assert.is((await kept())[0]?.['type'], 'a\ufffdb');
});

test('the cause is bounded, however long and deep', () => {
  const looped = new Error('x'.repeat(3_000));
  looped.cause = looped;
  assert.is(causeText(looped).length, 4_000);
  assert.is(causeText(undefined), 'undefined');
});

test('letters that wait for a person are counted, those that are dealt with are not', async () => {
  await keep({}, new Error('one'));
  await keep({ eventId: randomUUID() }, new Error('two'));
  const { run } = countWaitingLetters({ database: fixture.database } as ServiceDeps);
  await run(new AbortController().signal);
  assert.is(await metricValue('purser_dead_letters_waiting'), 2);
  await fixture.sql(`update dead_letters set resolution = 'REPLAYED', resolved_time = now()`);
  await run(new AbortController().signal);
  assert.is(await metricValue('purser_dead_letters_waiting'), 0);
});

test.run();
