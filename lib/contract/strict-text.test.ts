import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('withStrictText');

const getOrder = methods['/purser.orders.v1.OrderService/GetOrder'].definition;
const createOrder = methods['/purser.orders.v1.OrderService/CreateOrder'].definition;

test('text that is UTF-8 is read as it is', () => {
  for (const name of ['', 'orders/é😀', '\ufeffbom', 'x'.repeat(300)]) {
    const request = { name, asOf: undefined };
    assert.equal(getOrder.requestDeserialize(getOrder.requestSerialize(request)), request);
  }
});

test('text that is not UTF-8 is refused', () => {
  const surrogate = [0xed, 0xa0, 0x80];
  const beyondUnicode = [0xf4, 0x90, 0x80, 0x80];
  for (const bytes of [[0xff], [0xc3], [0xc0, 0x80], surrogate, beyondUnicode]) {
    const request = Buffer.from([10, bytes.length, ...bytes]);
    assert.throws(() => getOrder.requestDeserialize(request), TypeError);
  }
});

test('also in a message within the request', () => {
  const description = [50, 1, 0xff];
  const request = Buffer.from([10, description.length, ...description]);
  assert.throws(() => createOrder.requestDeserialize(request), TypeError);
});

test('a message that ends too early is refused', () => {
  assert.throws(() => getOrder.requestDeserialize(Buffer.from([10, 5, 0x61])));
});

test.run();
