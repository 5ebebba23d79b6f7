import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { fingerprint } from './fingerprint.ts';

const test = suite('fingerprint');
const bytes = (text: string) => new TextEncoder().encode(text);

test('the same content of the same RPC has the same fingerprint of 32 bytes', () => {
  assert.equal(fingerprint('/a/B', bytes('x')), fingerprint('/a/B', bytes('x')));
  assert.is(fingerprint('/a/B', bytes('x')).length, 32);
});

test('another RPC or other content has another', () => {
  const prints = [
    ['/a/B', 'x'],
    ['/a/C', 'x'],
    ['/a/B', 'y'],
    ['/a', 'Bx'],
  ].map(([path, text]) => fingerprint(path!, bytes(text!)).toString('hex'));
  assert.is(new Set(prints).size, 4);
});

test.run();
