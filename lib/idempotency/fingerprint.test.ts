import { createHash } from 'node:crypto';
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

test('it is what stored keys have: SHA-256 over path, 0 and content', () => {
  const known = createHash('sha256').update('/a/B\0x').digest();
  assert.equal(fingerprint('/a/B', bytes('x')), known);
});

test.run();
