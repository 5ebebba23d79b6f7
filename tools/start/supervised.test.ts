import { setTimeout as sleep } from 'node:timers/promises';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Supervised, type Running } from './supervised.ts';

const test = suite('supervised');

class Fake implements Running {
  readonly exited: Promise<string>;
  end: (how: string) => void = () => {};
  stopped = 0;

  constructor() {
    this.exited = new Promise((resolve) => (this.end = resolve));
  }

  async stop(): Promise<void> {
    this.stopped += 1;
    this.end('stop');
  }

  killNow(): void {
    this.end('kill');
  }
}

function supervise(start?: () => Promise<Fake>) {
  const made: Fake[] = [];
  const said: string[] = [];
  const begin = async () => {
    const fake = await (start === undefined || made.length === 0 ? new Fake() : start());
    made.push(fake);
    return fake;
  };
  const supervised = new Supervised('it', begin, (sentence) => void said.push(sentence));
  return { made, said, supervised };
}

test('starts again what has ended, with growing delays', async () => {
  const { made, said, supervised } = supervise();
  await supervised.start();
  supervised.keepRunning();
  made[0]!.end('exit code 3');
  while (made.length < 2) await sleep(5);
  made[1]!.end('SIGKILL');
  while (made.length < 3) await sleep(5);
  assert.equal(said, [
    'it has ended (exit code 3); starting it again in 200 ms.',
    'it has ended (SIGKILL); starting it again in 400 ms.',
  ]);
  await supervised.stop();
});

test('tries again when a later start fails', async () => {
  let failures = 0;
  const { made, said, supervised } = supervise(async () => {
    failures += 1;
    if (failures === 1) throw new Error('the port is taken');
    return new Fake();
  });
  await supervised.start();
  supervised.keepRunning();
  made[0]!.end('SIGKILL');
  while (made.length < 2) await sleep(5);
  assert.is(said[1], 'it: the port is taken');
  await supervised.stop();
});

test('what ends before it is to be kept running stays ended', async () => {
  const { made, supervised } = supervise();
  await supervised.start();
  made[0]!.end('exit code 1');
  await sleep(300);
  assert.is(made.length, 1);
  await supervised.stop();
});

test('throws what the first start throws', async () => {
  const start = () => Promise.reject(new Error('no'));
  const supervised = new Supervised('it', start, () => {});
  assert.is(await supervised.start().catch((error: Error) => error.message), 'no');
  await supervised.stop();
});

test('a stop ends it for good, also while it waits to be started again', async () => {
  const { made, supervised } = supervise();
  await supervised.start();
  supervised.keepRunning();
  made[0]!.end('SIGKILL');
  await sleep(20);
  await supervised.stop();
  await sleep(300);
  assert.is(made.length, 1);
});

test('a stop waits for a start that is under way, and ends what it has started', async () => {
  const fake = new Fake();
  const start = async () => {
    await sleep(50);
    return fake;
  };
  const supervised = new Supervised('it', start, () => {});
  void supervised.start();
  await supervised.stop();
  assert.is(fake.stopped, 1);
});

test('so does a kill', async () => {
  const fake = new Fake();
  const start = async () => {
    await sleep(50);
    return fake;
  };
  const supervised = new Supervised('it', start, () => {});
  void supervised.start();
  supervised.killNow();
  assert.is(await fake.exited, 'kill');
});

test.run();
