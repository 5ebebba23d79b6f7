import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { deadLetterOf, type Received, readDelivery } from './delivery.ts';

const test = suite('delivery');

const eventId = '01890a5d-ac96-774b-bcce-b302099a8057';

function received(headers: Record<string, string>): Received {
  const nothing = () => {};
  return {
    subject: 'purser.v1.test.happened.0',
    headers: new Map(Object.entries(headers)),
    payload: new Uint8Array([1]),
    deliveries: 3,
    streamed: { sequence: 9n, time: new Date(0) },
    ack: nothing,
    nak: nothing,
    term: nothing,
    working: nothing,
  };
}

const complete = {
  'ce-id': eventId,
  'ce-type': 'purser.test.v1.Happened',
  'ce-subject': 'orders/1',
  'ce-time': '2026-01-02T03:04:05.678Z',
  traceparent: '00-ab-cd-01',
};

test('a message with all headers is an event', () => {
  assert.equal(readDelivery(received(complete)), {
    eventId,
    type: 'purser.test.v1.Happened',
    about: 'orders/1',
    subject: 'purser.v1.test.happened.0',
    payload: new Uint8Array([1]),
    time: new Date('2026-01-02T03:04:05.678Z'),
    traceparent: '00-ab-cd-01',
    deliveries: 3,
    streamed: { sequence: 9n, time: new Date(0) },
  });
});

test('id and type are enough, a time that is none is left out', () => {
  const { 'ce-id': id, 'ce-type': type } = complete;
  const delivery = readDelivery(received({ 'ce-id': id, 'ce-type': type, 'ce-time': 'soon' }));
  assert.is(delivery.about, '');
  assert.is(delivery.time, undefined);
  assert.is(delivery.traceparent, undefined);
});

test('one event in two spellings is one event', () => {
  const shouted = received({ ...complete, 'ce-id': eventId.toUpperCase() });
  assert.is(readDelivery(shouted).eventId, eventId);
});

for (const id of [undefined, '', 'x', `${eventId}0`, eventId.replaceAll('-', ''), ` ${eventId}`]) {
  test(`an event id of ${JSON.stringify(id)} is refused, and kept as none`, () => {
    const { 'ce-id': _, ...rest } = complete;
    const message = received(id === undefined ? rest : { ...rest, 'ce-id': id });
    assert.throws(() => readDelivery(message), /ce-id is no UUID/);
    const letter = deadLetterOf(message, 'payments');
    assert.is(letter.eventId, undefined);
    assert.is(letter.type, 'purser.test.v1.Happened');
  });
}

for (const type of [undefined, '', 'a b', 'x'.repeat(257)]) {
  test(`a type of ${JSON.stringify(type?.slice(0, 9))} is refused, and the rest is kept`, () => {
    const { 'ce-type': _, ...rest } = complete;
    const message = received(type === undefined ? rest : { ...rest, 'ce-type': type });
    assert.throws(() => readDelivery(message), /ce-type is no name/);
    const letter = deadLetterOf(message, 'payments');
    assert.is(letter.eventId, eventId);
    assert.equal(letter.headers, Object.fromEntries(message.headers));
    assert.is(letter.deliveries, 3);
    assert.is(letter.source, 'payments');
  });
}

test.run();
