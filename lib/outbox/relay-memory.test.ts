import * as assert from 'uvu/assert';
import { collectGarbage } from '#test/harness/left-in-memory.ts';
import { testLog } from '#test/harness/service.ts';
import { suite } from '#test/harness/suite.ts';
import { Relay } from './relay.ts';
import type { Cursor, OutboxRow, RelayStore } from './relay-ports.ts';

const test = suite('memory of the outbox relay');

const cursor: Cursor = { seen: '3:3:', target: undefined, tx: '0', seq: 0n };

const row: OutboxRow = {
  tx: '3',
  seq: 1n,
  eventId: '01890a5d-ac96-774b-bcce-b302099a8057',
  type: 'purser.test.v1.Happened',
  subject: 'purser.v1.test.happened.ann',
  about: 'orders/1',
  payload: new Uint8Array(8),
  traceparent: undefined,
  publication: 1,
  createTime: new Date(0),
  after: cursor,
};

/** A store that always has another page, and tells when `pages` of them are published. */
function endlessStore(): { store: RelayStore; published(pages: number): Promise<void> } {
  let done = 0;
  let awaited = Number.POSITIVE_INFINITY;
  let tell = () => {};
  const store: RelayStore = {
    acquire: async () => ({ term: 1n, cursor }),
    renew: async () => true,
    async read() {
      if (done >= awaited) {
        tell();
        // Lets the test look while nothing moves.
        await new Promise((resume) => setTimeout(resume, 1));
      }
      return { rows: [row], lagMs: 0 };
    },
    async advance() {
      done += 1;
      return true;
    },
    bury: async () => true,
    release: async () => {},
  };
  const published = (pages: number) => {
    awaited = done + pages;
    return new Promise<void>((resolve) => (tell = resolve));
  };
  return { store, published };
}

test('what was published is forgotten, however long the relay runs', async () => {
  const { store, published } = endlessStore();
  const relay = new Relay({
    service: 'test',
    store,
    broker: { publish: async (rows) => rows.map(() => ({ kind: 'stored', duplicate: false })) },
    hints: { send() {}, listen() {} },
    log: testLog,
  });
  const warm = published(1_000);
  relay.start();
  await warm;
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  await published(40_000);
  collectGarbage();
  const grownBy = process.memoryUsage().heapUsed - before;
  await relay.stop();
  // 250 bytes a page, as Promise.race with a promise that stays open keeps them, would be 10 MB.
  assert.ok(grownBy < 2_000_000, `${grownBy} bytes more after 40,000 pages`);
});

test.run();
