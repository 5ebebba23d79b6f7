import { randomUUID } from 'node:crypto';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { type OutboxFixture, openOutbox } from './outbox-fixture.ts';
import { republish } from './republish.ts';

const test = suite('publishing again');

let outbox: OutboxFixture;
test.before(async () => {
  outbox = await openOutbox();
});
test.after.each(() => outbox.reset());
test.after(() => outbox.close());

const again = (ids: string[]) => outbox.database.single((tx) => republish(tx, ids));
const publishAll = () => outbox.sql('update outbox_relay set seen = pg_current_snapshot()');
const rowsOf = (id: string) =>
  outbox.sql<{ publication: number }>(
    'select publication, payload, subject from outbox where event_id = $1 order by publication',
    [id],
  );

test('a published event gets a row with the next publication number', async () => {
  const [id = ''] = await outbox.write(1);
  await publishAll();
  assert.equal([...(await again([id, id]))], [[id, 'republished']]);
  const [first, second, ...more] = await rowsOf(id);
  assert.is(more.length, 0);
  assert.equal(second, { ...first, publication: 2 });
  await publishAll();
  await again([id]);
  assert.is((await rowsOf(id)).at(-1)?.publication, 3);
});

test('an event whose last row is not published yet gets none', async () => {
  const [id = ''] = await outbox.write(1);
  assert.is((await again([id])).get(id), 'unpublished');
  await publishAll();
  await again([id]);
  assert.is((await again([id])).get(id), 'unpublished');
  assert.is((await rowsOf(id)).length, 2);
});

test('an event that the outbox does not have is told of', async () => {
  const id = randomUUID();
  assert.is((await again([id])).get(id), 'missing');
  assert.equal([...(await again([]))], []);
});

test('nothing is published again while too much waits for the broker', async () => {
  const [id = ''] = await outbox.write(1);
  await publishAll();
  await outbox.write(5_000);
  assert.is((await again([id])).get(id), 'congested');
  assert.is((await rowsOf(id)).length, 1);
});

test('twenty at the same moment write one row', async () => {
  const [id = ''] = await outbox.write(1);
  await publishAll();
  await Promise.all(Array.from({ length: 20 }, () => again([id])));
  assert.is((await rowsOf(id)).length, 2);
});

test.run();
