import { globSync, readFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { errorReference } from '#gen/error-reference.ts';
import { errorCatalogue } from '#gen/errors.ts';
import { ErrorReason } from '#gen/purser/errors/v1/error_reason.ts';
import { Order_FailureReason } from '#gen/purser/orders/v1/order.ts';
import { problemType } from '#lib/errors/problem-text.ts';
import { suite } from '#test/harness/suite.ts';
import { errorEntries, restOnly } from '../../tools/gen/error-page/entries.ts';
import { markdownPage } from '../../tools/gen/error-page/markdown.ts';
import { compareWithDocument } from './document.ts';

const test = suite('docs/errors.md');

const namesOf = (type: object) =>
  Object.keys(type).filter((name) => !/_UNSPECIFIED$|^UNRECOGNIZED$/.test(name));
const reasons = namesOf(ErrorReason);
const projectFolder = new URL('../../', import.meta.url);
const markdown = readFileSync(new URL('docs/errors.md', projectFolder), 'utf8');
const html = readFileSync(new URL('gen/errors.html', projectFolder), 'utf8');

test('shows what the contracts and the code say; PURSER_UPDATE=1 rewrites it', () => {
  compareWithDocument('docs/errors.md', 'errors', `\n${markdownPage(errorEntries())}`);
});

test('the enum, the catalogue and the pages have the same reasons', () => {
  assert.equal(Object.keys(errorCatalogue), reasons);
  assert.equal(Object.keys(errorReference), reasons);
  const headings = [...markdown.matchAll(/^### (\w+)$/gm)].map(([, name]) => name);
  assert.equal(headings, reasons);
  const anchors = [...html.matchAll(/<h3 id="(\w+)">/g)].map(([, name]) => name?.toUpperCase());
  assert.equal(anchors, reasons);
});

test('the type of a problem leads to its entry', () => {
  for (const reason of reasons) {
    const { pathname, hash } = new URL(problemType(reason), 'https://shop.example/v1/orders');
    assert.is(pathname, '/docs/errors');
    assert.ok(html.includes(`<h3 id="${hash.slice(1)}"><a href="${hash}">${reason}</a></h3>`));
  }
});

test('every reason why an order fails is explained on both pages', () => {
  const names = namesOf(Order_FailureReason);
  assert.ok(names.length >= 3);
  for (const name of names) {
    assert.match(markdown.slice(markdown.indexOf('## Why an order fails')), `| \`${name}\` | `);
    assert.match(html.slice(html.indexOf('why-an-order-fails')), `<code>${name}</code></td><td>`);
  }
});

test('no example has an unfilled key, and none of the wrong reason', () => {
  for (const { reason, rest, grpc, sdk } of errorEntries()) {
    assert.not.match(`${rest}${grpc}`, /\{[a-z_]+\}/);
    const examples = [rest, grpc, sdk].filter((example) => example !== undefined);
    assert.ok(examples.length > 0);
    for (const example of examples) assert.match(example, reason);
  }
});

test('what only HTTP answers is named by no code but that which speaks it', () => {
  const speakers = ['gateway/', 'services/notifications/live/'];
  const sources = globSync('{gateway,lib,services}/**/*.ts', { cwd: projectFolder })
    .filter((path) => !path.endsWith('.test.ts'))
    .map((path) => ({ path, text: readFileSync(new URL(path, projectFolder), 'utf8') }));
  for (const reason of restOnly) {
    const users = sources.filter(({ text }) => text.includes(`'${reason}'`));
    assert.ok(users.length > 0, reason);
    assert.ok(
      users.every(({ path }) => speakers.some((speaker) => path.startsWith(speaker))),
      reason,
    );
  }
});

test('the HTML asks for nothing from elsewhere and runs no script', () => {
  const addresses = [...html.matchAll(/\b(?:href|src|srcset|action|data)="([^"]*)"/g)];
  assert.ok(addresses.length > reasons.length);
  assert.equal(
    addresses.filter(([, address]) => !address?.startsWith('#')),
    [],
  );
  assert.not.match(html, /<script|<link|<img|@import|url\(|\bon\w+=/i);
});

test.run();
