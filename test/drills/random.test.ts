import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { Random } from './random.ts';

const test = suite('random numbers from a seed');

const some = (random: Random, count = 1_000) => Array.from({ length: count }, () => random.next());

test('the same seed gives the same numbers, another one others', () => {
  assert.equal(some(new Random(7)), some(new Random(7)));
  assert.is(new Set([...some(new Random(7)), ...some(new Random(8))]).size, 2_000);
});

test('they are spread evenly, bounds included', () => {
  const random = new Random(1);
  const counts = new Map<number, number>();
  for (let roll = 0; roll < 6_000; roll += 1) {
    const value = random.between(1, 6);
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  assert.equal([...counts.keys()].toSorted(), [1, 2, 3, 4, 5, 6]);
  for (const count of counts.values()) assert.ok(count > 850 && count < 1_150, String(count));
});

test('shuffled items are the same ones, in every order', () => {
  const random = new Random(1);
  const orders = Array.from({ length: 200 }, () => random.shuffle(['a', 'b', 'c']).join(''));
  assert.equal([...new Set(orders)].toSorted(), ['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
});

test('what a fork gives does not depend on what its origin gives afterwards', () => {
  const [one, two] = [new Random(3), new Random(3)];
  const forks = [one.fork(), two.fork()];
  some(one);
  assert.equal(some(forks[0]!), some(forks[1]!));
  assert.throws(() => one.pick([]), /nothing to pick from/);
});

test.run();
