import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { systemTiming } from '#lib/batch/timing.ts';
import { suite } from '#test/harness/suite.ts';
import { HintSender } from './hint-sender.ts';

const test = suite('hint sender');

function counting() {
  let sent = 0;
  const hints = { send: () => void (sent += 1), listen: () => {} };
  return { sender: new HintSender({ hints, timing: systemTiming }), sent: () => sent };
}

test('the first hint goes out at once, a burst after it as one more', async () => {
  const { sender, sent } = counting();
  for (let commit = 0; commit < 100; commit += 1) sender.send();
  assert.is(sent(), 1);
  await sleep(30);
  assert.is(sent(), 2);
});

test('after a quiet span a hint goes out at once again', async () => {
  const { sender, sent } = counting();
  sender.send();
  await sleep(30);
  sender.send();
  assert.is(sent(), 2);
});

test.run();
