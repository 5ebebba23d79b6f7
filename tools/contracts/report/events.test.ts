import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { rootDirectory } from '../../gen/run-buf.ts';
import { compareEvents } from './events.ts';
import type { Json, Side } from './side.ts';

const test = suite('changes of the events');

// Tests reach into the document wherever they like.
// oxlint-disable-next-line typescript/no-explicit-any
type Loose = { [name: string]: any };

const text = readFileSync(join(rootDirectory, 'gen/asyncapi.json'), 'utf8');
const captured = 'purser.v1.payments.payment_captured';

function changesOf(change: (document: Loose) => void): string[] {
  const document = JSON.parse(text) as Loose;
  change(document);
  const side = (asyncapi: Json | undefined) => ({ asyncapi }) as Side;
  const { changes } = compareEvents(side(JSON.parse(text)), side(document as Json));
  return changes.map(({ level, text: what }) => `${level} ${what}`);
}

const headers = ({ components }: Loose): Loose => components.messageTraits.event.headers;
const schema = ({ components }: Loose, name: string): Loose => components.schemas[name];

const cases: [name: string, change: (document: Loose) => void, expected: string[]][] = [
  ['nothing', () => undefined, []],
  ['the release alone', (all) => (all['info'].version = '9.9.9'), []],
  [
    'a description',
    (all) => (all['info'].description = 'Events.'),
    ['patch descriptions or examples changed'],
  ],
  [
    'a subject removed',
    (all) => delete all['channels'][captured],
    [`major subject ${captured} removed`],
  ],
  [
    'a subject in another stream',
    (all) => (all['channels'][captured]['x-stream'] = 'OTHERS'),
    [`major subject ${captured}: x-stream was PAYMENTS, is OTHERS`],
  ],
  [
    'a header removed',
    (all) => delete headers(all)['properties'].traceparent,
    ['major header traceparent: removed'],
  ],
  [
    'a header added',
    (all) => (headers(all)['properties'].extra = { type: 'string' }),
    ['minor header extra: added'],
  ],
  [
    'a header that may be missing',
    (all) => headers(all)['required'].shift(),
    ['major header Nats-Msg-Id: no longer required'],
  ],
  [
    'a field with another number',
    (all) => {
      const { properties } = schema(all, 'purser.payments.v1.PaymentCaptured');
      properties.userId['x-field-number'] = 22;
    },
    ['major purser.payments.v1.PaymentCaptured userId: number was 2, is 22'],
  ],
  [
    'a value of an enum added',
    (all) => schema(all, 'purser.payments.v1.Payment.FailureReason')['enum'].push('LOST'),
    ['minor purser.payments.v1.PaymentFailed reason: value "LOST" added'],
  ],
  [
    'events kept for a shorter time',
    (all) => (all['x-streams'].ORDERS.ageMaxSeconds = 60),
    ['major stream ORDERS: settings changed'],
  ],
  [
    'events kept for a longer time',
    (all) => (all['x-streams'].ORDERS.ageMaxSeconds = 6_000_000),
    ['minor stream ORDERS: settings changed'],
  ],
  [
    'a stream removed and one added',
    (all) => {
      all['x-streams'].NEW = all['x-streams'].ORDERS;
      delete all['x-streams'].ORDERS;
    },
    ['major stream ORDERS removed', 'minor stream NEW added'],
  ],
  [
    'a service that acts on it no more',
    (all) => delete all['operations']['orders.receive.PaymentCaptured'],
    ['patch orders.receive.PaymentCaptured removed'],
  ],
];

for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.equal(changesOf(change), expected);
  });
}

test.run();
