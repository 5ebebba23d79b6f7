import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import type { Json } from '../openapi/json.ts';
import { rootDirectory } from '../run-buf.ts';
import type { Step } from './chapter.ts';
import { httpFile } from './http-file.ts';
import { postmanCollection } from './postman.ts';
import { tell } from './requests.ts';
import { story } from './story.ts';

const test = suite('story');

const step: Step = { title: 'Make', operation: 'makeToy', path: { toy: '{{toy}}' }, status: 200 };
const check: Step = { title: 'Check', operation: 'checkAlive', status: 200 };

const document: Json = {
  info: { title: 'Toys', version: '1', description: 'All toys.' },
  paths: {
    '/v1/toys/{toy}:make': {
      post: {
        operationId: 'makeToy',
        summary: 'Makes a toy',
        requestBody: { content: { 'application/json': { example: { colour: 'red' } } } },
      },
    },
    '/alive': { get: { operationId: 'checkAlive', summary: 'Alive', security: [] } },
  },
};

const told = (...steps: Step[]) => tell([{ title: 'Toys', steps }], document) ?? [];

test('a story that invents an operation is refused', () => {
  const wrong = { ...step, title: 'Break', operation: 'breakToy' };
  assert.throws(() => told(step, check, wrong), /tells of breakToy, which no contract has/);
});

test('an operation that the story leaves out is asked for by its own examples', async () => {
  const text = await readFile(join(rootDirectory, 'gen/openapi.json'), 'utf8');
  const grown = JSON.parse(text);
  grown.paths['/v1/orders/{order}/toys/{toy}'] = {
    get: {
      operationId: 'getToy',
      summary: 'One toy',
      parameters: [
        { name: 'order', in: 'path', example: 'o1' },
        { name: 'toy', in: 'path', example: 't1' },
      ],
      responses: { 200: {}, 404: {}, 503: {} },
    },
  };
  const chapters = tell(story, grown) ?? [];
  assert.is(chapters.at(-1)?.title, 'Further operations');
  const [request, ...more] = chapters.at(-1)?.requests ?? [];
  assert.equal([request?.path, more], ['/v1/orders/{{order}}/toys/t1', []]);
  assert.equal(request?.statuses, [200, 404]);
  const collection = JSON.stringify(postmanCollection(chapters, grown));
  assert.match(collection, /answers 200 or 404.*oneOf\(\[200,404\]\)/);
  assert.match(httpFile(chapters), /### Further operations: One toy\n# Answers 200 or 404\./);
});

test('steps need titles of their own and a value for each parameter of their path', () => {
  assert.throws(() => told(step, check, { ...check }), /Two steps .* "Check"/);
  assert.throws(() => told(check, { ...step, path: {} }), /"Make" has no value for \{toy\}/);
});

test('a document of other contracts has no story', () => {
  assert.is(tell(story, document), undefined);
});

test('a request has the example for its body unless the step has one', () => {
  const other = { ...step, title: 'Other', body: { colour: 'blue' } };
  const [chapter] = told(step, other, check);
  const [first, second, third] = chapter?.requests ?? [];
  assert.equal([first?.body, second?.body], [{ colour: 'red' }, { colour: 'blue' }]);
  assert.is(first?.path, '/v1/toys/{{toy}}:make');
  assert.equal(first?.headers, [
    ['X-User-Id', '{{user}}'],
    ['Content-Type', 'application/json'],
  ]);
  assert.equal(third?.headers, []);
  assert.is(third?.body, undefined);
});

const waiting: Step = {
  ...step,
  query: { view: 'a b' },
  until: { state: 'DONE' },
  expect: { 'parts[0]': { name: 'toys/{{toy}}' }, owner: '{{user}}' },
  save: { toy: 'name', tag: 'etag' },
};

interface Collection {
  variable: { key: string }[];
  item: {
    item: { event: { script: { exec: string[] } }[]; request: { url: { raw: string } } }[];
  }[];
}

test('Postman repeats a request that waits, and checks the answer once it is there', () => {
  const collection = postmanCollection(told(check, waiting), document) as unknown as Collection;
  const { event, request } = collection.item[0]!.item[1]!;
  assert.is(request.url.raw, '{{baseUrl}}/v1/toys/{{toy}}:make?view=a%20b');
  assert.equal(
    collection.variable.map(({ key }) => key),
    ['baseUrl', 'user', 'attempt', 'toy', 'tag'],
  );
  const script = event[0]!.script.exec.join('\n');
  assert.match(script, 'const isThere = answer.state === "DONE";');
  // A system that never gets there must not be asked for ever.
  assert.match(script, /if \(!isThere && attempt < \d+\) \{/);
  assert.match(script, 'pm.execution.setNextRequest(pm.info.requestName);');
  assert.match(script, `eql(JSON.parse(pm.variables.replaceIn('{"name":"toys/{{toy}}"}')))`);
  assert.match(script, "set('toy', String(answer.name).split('/').pop());");
});

test('in the file for editors a variable holds the whole name of a resource', () => {
  const get = {
    ...step,
    title: 'Look',
    path: { toy: '{{toy}}' },
    headers: { 'If-Match': '{{tag}}' },
  };
  const text = httpFile(told(check, waiting, get));
  assert.match(text, '\n### Toys: Make\n# Answers 200, state "DONE"');
  assert.match(text, '\n# Send it again until state is "DONE".\n# @name make\n');
  assert.match(text, '\n@toy = {{make.response.body.$.name}}\n');
  assert.match(text, '\nPOST {{baseUrl}}/v1/{{toy}}:make\nX-User-Id: {{user}}\n');
  assert.match(text, '\nIf-Match: {{tag}}\n');
});

test.run();
