import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import * as assert from 'uvu/assert';
import { events } from '#gen/events.ts';
import { suite } from '#test/harness/suite.ts';
import { decodeJson, type Message } from './asyncapi.ts';
import {
  addFixtures,
  consume,
  currentVersion,
  type EventFixture,
  fixtureTypes,
  readFixtures,
} from './fixture.ts';

const test = suite('events of every version');

const types = Object.keys(events);

if (process.env['PURSER_UPDATE'] === '1') {
  const present = fixtureTypes().find(({ version }) => version === currentVersion)?.types ?? [];
  for (const type of types.filter((each) => !present.includes(each))) {
    addFixtures(currentVersion, type);
  }
}

/** What of `wanted` is not in `actual`, by path; members that are new today are no matter. */
function missing(wanted: unknown, actual: unknown, path: string): string[] {
  if (typeof wanted !== 'object' || wanted === null) {
    return wanted === actual ? [] : [`${path} is ${String(actual)}, it was ${String(wanted)}`];
  }
  return Object.entries(wanted).flatMap(([name, value]) =>
    missing(value, (actual as Record<string, unknown> | null)?.[name], `${path}.${name}`),
  );
}

function messageOf({ subject, headers, payload }: EventFixture): Message {
  return { subject, headers, payload: Buffer.from(payload, 'base64') };
}

test('every event has fixtures of this version; PURSER_UPDATE=1 adds them', () => {
  const present = fixtureTypes().find(({ version }) => version === currentVersion)?.types ?? [];
  assert.equal(present.toSorted(), types.toSorted());
});

for (const { version, types: known } of fixtureTypes()) {
  for (const type of known) {
    test(`${type} of ${version} is read as it was meant`, () => {
      const fixtures = readFixtures(version, type);
      assert.ok(fixtures.length > 0);
      for (const fixture of fixtures) {
        const { payload } = messageOf(fixture);
        assert.equal(missing(fixture.message, decodeJson(type, payload), type), []);
      }
    });

    test(`${type} of ${version} has its effect, by the code of today’s consumers`, () => {
      for (const fixture of readFixtures(version, type)) {
        const results = consume(messageOf(fixture));
        assert.equal(missing(fixture.consumers, results, type), []);
      }
    });

    test(`${type} of ${version} is still taken from where it was published`, () => {
      for (const { subject } of readFixtures(version, type)) {
        const event = events[type as keyof typeof events];
        assert.is(subject.replace(/\.[0-9a-f]{32}$/, '.*'), event?.filterSubject);
      }
    });
  }
}

test('what was published once is never written again', () => {
  const directory = mkdtempSync(join(tmpdir(), 'purser-fixtures-'));
  try {
    const root = pathToFileURL(`${directory}/`);
    const type = 'purser.payments.v1.PaymentFailed';
    addFixtures('9.9.9', type, root);
    const file = join(directory, '9.9.9', `${type}.json`);
    const text = readFileSync(file, 'utf8');
    assert.throws(() => addFixtures('9.9.9', type, root), /never changed/);
    assert.is(readFileSync(file, 'utf8'), text);
    assert.equal(fixtureTypes(root), [{ version: '9.9.9', types: [type] }]);
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('a reader that reads something else is found', () => {
  const [fixture] = readFixtures(currentVersion, 'purser.payments.v1.PaymentFailed');
  const { consumers } = fixture as EventFixture;
  const { orders } = consumers as { orders: Record<string, unknown> };
  assert.equal(missing(consumers, { orders: { ...orders, later: 1 } }, 'x'), []);
  const other = { orders: { ...orders, failureReason: 'CURRENCY_MISMATCH' } };
  assert.equal(missing(consumers, other, 'x'), [
    'x.orders.failureReason is CURRENCY_MISMATCH, it was INSUFFICIENT_FUNDS',
  ]);
  assert.ok(missing(consumers, {}, 'x').length > 3);
});

test.run();
