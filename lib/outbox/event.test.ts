import { createHash, randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { defineEvent, outboxColumns } from './event.ts';
import { openOutbox } from './outbox-fixture.ts';
import { userToken } from './user-token.ts';

const test = suite('outbox event');

const codec = {
  encode: (text: string) => ({ finish: () => new TextEncoder().encode(text) }),
  decode: (bytes: Uint8Array) => new TextDecoder().decode(bytes),
};

const happened = defineEvent({
  type: 'purser.test.v1.Happened',
  subject: 'purser.v1.test.happened',
  codec,
});

const eventId = '01890a5d-ac96-774b-bcce-b302099a8057';

test('the user token is the first half of the SHA-256 of the user id, fit for a subject', () => {
  const full = createHash('sha256').update('ann').digest('hex');
  assert.is(userToken('ann'), full.slice(0, 32));
  assert.match(userToken('a user.with > and *'), /^[0-9a-f]{32}$/);
  assert.is.not(userToken('ann'), userToken('Ann'));
});

test('an event is published under its subject and the token of its user', () => {
  const event = happened.toOutbox({ eventId, userId: 'ann', about: 'orders/1', message: 'héllo' });
  assert.is(event.subject, `purser.v1.test.happened.${userToken('ann')}`);
  assert.is(event.type, 'purser.test.v1.Happened');
  assert.is(happened.decode(event.payload), 'héllo');
  assert.is(happened.filterSubject, 'purser.v1.test.happened.*');
});

test('a type or subject that no stream would take is refused at its definition', () => {
  const define = (type: string, subject: string) => () => defineEvent({ type, subject, codec });
  assert.throws(define('Happened', 'purser.v1.test.happened'), /full name/);
  assert.throws(define('purser.test.v1.happened', 'purser.v1.test.happened'), /full name/);
  const subjects = ['test.happened', 'purser.v1.test', 'purser.v1.test.>', 'purser.v1.a.b.c'];
  for (const subject of subjects) {
    assert.throws(define('purser.test.v1.Happened', subject), /not of the form/);
  }
});

test('columns reach the table as they are, payload byte for byte', async () => {
  const outbox = await openOutbox();
  const backing = new Uint8Array([9, 0, 1, 254, 255, 9]);
  const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
  const event = happened.toOutbox({
    eventId,
    userId: 'ann',
    about: 'orders/1',
    message: '',
    traceparent,
  });
  const events = [{ ...event, payload: backing.subarray(1, 5) }];
  await outbox.sql(
    `insert into outbox (event_id, type, subject, about, payload, traceparent)
    select * from unnest(
      $1::uuid[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::text[]
    )`,
    outboxColumns(events),
  );
  const rows = await outbox.sql<{ payload: Buffer }>(
    'select event_id, type, subject, about, payload, traceparent from outbox',
  );
  const [row] = rows.map(({ payload, ...rest }) => ({ ...rest, payload: [...payload] }));
  assert.equal(row, {
    event_id: eventId,
    type: event.type,
    subject: event.subject,
    about: 'orders/1',
    payload: [0, 1, 254, 255],
    traceparent,
  });
  await outbox.close();
});

test('only the trace of what is recorded is kept', () => {
  const definition = defineEvent({
    type: 'purser.test.v1.Happened',
    subject: 'purser.v1.test.happened',
    codec: { encode: () => ({ finish: () => new Uint8Array() }), decode: () => ({}) },
  });
  const ids = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7';
  const events = [`${ids}-01`, `${ids}-00`, undefined].map((traceparent) =>
    definition.toOutbox({
      eventId: randomUUID(),
      userId: 'ann',
      about: 'orders/1',
      message: {},
      traceparent,
    }),
  );
  assert.equal(outboxColumns(events)[5], [`${ids}-01`, null, null]);
});

test.run();
