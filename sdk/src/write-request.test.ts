import * as assert from 'uvu/assert';
import { suite } from '../../test/harness/suite.ts';
import type { Operation } from './operation.ts';
import { writeRequest } from './write-request.ts';

const test = suite('requests of the SDK');

const operation: Operation = {
  rpc: '/purser.samples.v1.SampleService/MakePart',
  method: 'POST',
  path: '/v1/samples/{sample}/parts/{part}:make',
  names: { name: 'samples/{sample}/parts/{part}' },
};

test('a name with several ids is taken apart', () => {
  const { params } = writeRequest(operation, { name: 'samples/1/parts/a b' });
  assert.equal(params, { sample: '1', part: 'a b' });
  assert.throws(() => writeRequest(operation, { name: 'samples/1/parts' }), /of the form samples/);
  assert.throws(() => writeRequest(operation, {}), /name must be of the form/);
});

test('every kind of value has its text', () => {
  const content = {
    big: -(2n ** 63n),
    time: new Date(0),
    bytes: new Uint8Array([0, 255]),
    list: [1n, { inner: 2n }],
    absent: undefined,
    attributes: { anything: [null, 'x'] },
  };
  const { body } = writeRequest({ ...operation, names: {}, body: 'content' }, { content });
  assert.equal(JSON.parse(body ?? ''), {
    big: '-9223372036854775808',
    time: '1970-01-01T00:00:00.000Z',
    bytes: 'AP8=',
    list: ['1', { inner: '2' }],
    attributes: { anything: [null, 'x'] },
  });
  const query = ['big', 'time', 'list', 'absent', 'flag'];
  const asked = writeRequest(
    { ...operation, names: {}, query },
    { ...content, list: ['a', 1n], flag: false },
  );
  assert.equal(asked.query, {
    big: '-9223372036854775808',
    time: '1970-01-01T00:00:00.000Z',
    list: ['a', '1'],
    flag: 'false',
  });
  assert.is(asked.body, undefined);
});

test('options of the call are in no body, and members that are not there are left out', () => {
  const members = { ...operation, names: {}, body: ['reason', 'note'], conditional: true };
  const written = writeRequest(members, { reason: 'why', signal: 1, userId: 'x', etag: 'v1' });
  assert.is(written.body, '{"reason":"why"}');
  assert.is(written.ifMatch, 'v1');
  assert.is(writeRequest(members, { etag: '' }).ifMatch, undefined);
  assert.throws(() => writeRequest(members, { etag: 'v\n1' }), /etag must be/);
});

test.run();
