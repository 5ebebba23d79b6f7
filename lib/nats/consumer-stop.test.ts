import * as assert from 'uvu/assert';
import { quietLog } from '#lib/outbox/outbox-fixture.ts';
import { suite } from '#test/harness/suite.ts';
import { Consumer } from './consumer.ts';
import type { Pull } from './pull-source.ts';

const test = suite('stopping a consumer');

test(
  'a pull that opens in the very moment of the stop is closed, and the stop ends',
  async () => {
    const opening = Promise.withResolvers<Pull>();
    const { promise: ended, resolve: end } = Promise.withResolvers<Error>();
    let closed = false;
    const consumer = new Consumer({
      name: 'test',
      source: { ackWaitMs: 10_000, open: () => opening.promise },
      handle: async () => {},
      deadLetter: async () => {},
      log: quietLog,
    });
    consumer.start();
    opening.resolve({
      refill() {},
      ended,
      async close() {
        closed = true;
        end(new Error('closed'));
      },
    });
    await consumer.stop();
    assert.ok(closed);
  },
  { timeoutMs: 5_000 },
);

test.run();
