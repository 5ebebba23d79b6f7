import * as assert from 'uvu/assert';
import { suite } from '../test/harness/suite.ts';
import { problemOf, startTestGateway, startTestServices } from './test-gateway.ts';
import type { TestGateway, TestServices } from './test-gateway.ts';

const test = suite('documents');

let services: TestServices;
let gateway: TestGateway;

test.before(async () => {
  services = await startTestServices();
  gateway = await startTestGateway(`127.0.0.1:${services.port}`);
});

test.after(async () => {
  await gateway.stop();
  await services.stop();
});

test('the page about errors is there for whoever asks, and may load nothing', async () => {
  const response = await gateway.ask('/docs/errors', { headers: {} });
  assert.is(response.status, 200);
  assert.is(response.headers.get('content-type'), 'text/html; charset=utf-8');
  assert.match(response.headers.get('content-security-policy') ?? '', "default-src 'none'");
  assert.is(response.headers.get('x-content-type-options'), 'nosniff');
  assert.match(await response.text(), /^<!doctype html>/);
  const head = await gateway.ask('/docs/errors', { method: 'HEAD', headers: {} });
  assert.is(head.status, 200);
  assert.is(await head.text(), '');
});

test('the type of a problem leads to the entry of its reason', async () => {
  const refusal = await gateway.ask('/v1/nothing/here');
  const { type } = (await refusal.clone().json()) as { type: string };
  const { reason } = await problemOf(refusal);
  const address = new URL(type, refusal.url);
  const page = await (await gateway.ask(address.pathname, { headers: {} })).text();
  assert.match(page, `<h3 id="${address.hash.slice(1)}"><a href="${address.hash}">${reason}<`);
});

test('a page is only read, and has no body to take', async () => {
  const posted = await gateway.ask('/docs/errors', { method: 'POST', headers: {} });
  assert.is(posted.status, 405);
  assert.is(posted.headers.get('allow'), 'GET, HEAD, OPTIONS');
  await problemOf(posted);
});

test.run();
