import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { compareOpenApi } from './openapi.ts';
import type { Json, Side } from './side.ts';

const test = suite('changes of an OpenAPI document');

// Tests reach into the document wherever they like.
// oxlint-disable-next-line typescript/no-explicit-any
type Loose = { [name: string]: any };

/** A document with one of everything that is compared. */
const base = (): Loose => ({
  openapi: '3.1.0',
  info: { title: 'Shop', version: '1.0.0' },
  paths: {
    '/v1/orders/{order}': {
      parameters: [{ $ref: '#/components/parameters/order' }],
      get: {
        description: 'One order.',
        parameters: [{ in: 'query', name: 'asOf', schema: { type: 'string', maxLength: 30 } }],
        responses: {
          200: { $ref: '#/components/responses/Order' },
          404: { content: { 'application/problem+json': { schema: { type: 'object' } } } },
        },
      },
      put: {
        requestBody: {
          required: false,
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
        },
        responses: { 200: { $ref: '#/components/responses/Order' } },
      },
    },
  },
  components: {
    parameters: { order: { in: 'path', name: 'order', required: true } },
    responses: {
      Order: {
        content: { 'application/json': { schema: { $ref: '#/components/schemas/Order' } } },
      },
    },
    schemas: {
      Order: {
        type: 'object',
        required: ['name'],
        properties: {
          name: { type: 'string', pattern: '^orders/' },
          state: { type: 'string', enum: ['PENDING', 'PAID'] },
          count: { type: 'integer', minimum: 1, maximum: 9 },
          parent: { allOf: [{ $ref: '#/components/schemas/Order' }] },
          tags: { type: 'array', items: { type: 'string', maxLength: 5 }, maxItems: 3 },
        },
      },
    },
  },
});

/** Levels and texts of what one change of the document does. */
function changesOf(change: (document: Loose, parts: Parts) => void): string[] {
  const document = base();
  change(document, partsOf(document));
  const { changes } = compareOpenApi(side(base()), side(document));
  return changes.map(({ level, text }) => `${level} ${text}`);
}

interface Parts {
  item: Loose;
  get: Loose;
  put: Loose;
  order: Loose;
  properties: Loose;
}

function partsOf(document: Loose): Parts {
  const item = document['paths']['/v1/orders/{order}'];
  const order = document['components'].schemas.Order;
  return { item, get: item.get, put: item.put, order, properties: order.properties };
}

function side(openapi: Loose | undefined): Side {
  return { openapi: openapi as Json | undefined } as Side;
}

const get = 'GET /v1/orders/{}:';
const put = 'PUT /v1/orders/{}:';

const cases: [name: string, change: (all: Loose, parts: Parts) => void, expected: string[]][] = [
  ['nothing', () => undefined, []],
  ['the release alone', (all) => (all['info'].version = '2.0.0'), []],
  [
    'a description',
    (_, parts) => (parts.get['description'] = 'An order.'),
    ['patch descriptions or examples changed'],
  ],
  [
    'an operation removed',
    (_, { item }) => delete item['put'],
    ['major PUT /v1/orders/{} removed'],
  ],
  [
    'an operation added',
    (_, { item, get: same }) => (item['delete'] = same),
    ['minor DELETE /v1/orders/{} added'],
  ],
  [
    'a path parameter by another name',
    (all) => {
      all['paths'] = { '/v1/orders/{id}': all['paths']['/v1/orders/{order}'] };
      all['components'].parameters.order.name = 'id';
    },
    ['patch descriptions or examples changed'],
  ],
  [
    'a parameter removed',
    (_, parts) => (parts.get['parameters'] = []),
    [`major ${get} query asOf removed`],
  ],
  [
    'an optional parameter added',
    (_, parts) => parts.get['parameters'].push({ in: 'query', name: 'x' }),
    [`minor ${get} query x added`],
  ],
  [
    'a required parameter added',
    (_, parts) => parts.get['parameters'].push({ in: 'header', name: 'X', required: true }),
    [`major ${get} header X added, and required`],
  ],
  [
    'a parameter required',
    (_, parts) => (parts.get['parameters'][0].required = true),
    [`major ${get} query asOf: required`],
  ],
  [
    'a parameter narrowed',
    (_, parts) => (parts.get['parameters'][0].schema.maxLength = 20),
    [`major ${get} query asOf value: maxLength was 30, is 20`],
  ],
  [
    'a body required',
    (_, parts) => (parts.put['requestBody'].required = true),
    [`major ${put} request body: required`],
  ],
  [
    'a body removed',
    (_, parts) => delete parts.put['requestBody'],
    [`major ${put} request body removed`],
  ],
  [
    'an optional body added',
    (_, parts) => (parts.get['requestBody'] = { content: {} }),
    [`minor ${get} request body added`],
  ],
  [
    'a success removed',
    (_, parts) => delete parts.get['responses'][200],
    [`major ${get} response 200 removed`],
  ],
  [
    'an error removed',
    (_, parts) => delete parts.get['responses'][404],
    [`minor ${get} response 404 removed`],
  ],
  [
    'an error added',
    (_, parts) => (parts.get['responses'][409] = {}),
    [`minor ${get} response 409 added`],
  ],
  [
    'a content type replaced',
    (_, parts) => (parts.get['responses'][404].content = { 'text/plain': {} }),
    [
      `major ${get} response 404 application/problem+json removed`,
      `minor ${get} response 404 text/plain added`,
    ],
  ],
  [
    'a member removed: both ways',
    (_, { properties }) => delete properties['count'],
    [
      `major ${get} response 200 count: removed`,
      `major ${put} request count: removed`,
      `major ${put} response 200 count: removed`,
    ],
  ],
  [
    'a member added: nobody is hurt',
    (_, { properties }) => (properties['x'] = { type: 'string' }),
    [
      `minor ${get} response 200 x: added`,
      `minor ${put} request x: added`,
      `minor ${put} response 200 x: added`,
    ],
  ],
  [
    'a member required: those who send it',
    (_, { order }) => order['required'].push('state'),
    [
      `major ${put} request state: required`,
      `minor ${get} response 200 state: required`,
      `minor ${put} response 200 state: required`,
    ],
  ],
  [
    'a member required no more: those who read it',
    (_, { order }) => (order['required'] = []),
    [
      `major ${get} response 200 name: no longer required`,
      `major ${put} response 200 name: no longer required`,
      `minor ${put} request name: no longer required`,
    ],
  ],
  [
    'a member of another type',
    (_, { properties }) => (properties['count'] = { type: 'string' }),
    [
      `major ${get} response 200 count: type was "integer", is "string"`,
      `major ${put} request count: type was "integer", is "string"`,
      `major ${put} response 200 count: type was "integer", is "string"`,
    ],
  ],
  [
    'a value of an enum added and one removed',
    (_, { properties }) => (properties['state'].enum = ['PENDING', 'SHIPPED']),
    [
      `major ${get} response 200 state: value "PAID" removed`,
      `major ${put} request state: value "PAID" removed`,
      `major ${put} response 200 state: value "PAID" removed`,
      `minor ${get} response 200 state: value "SHIPPED" added`,
      `minor ${put} request state: value "SHIPPED" added`,
      `minor ${put} response 200 state: value "SHIPPED" added`,
    ],
  ],
  [
    'a list of values where there was none',
    (_, { properties }) => (properties['name'].enum = ['orders/1']),
    [
      `major ${put} request name: only "orders/1"`,
      `minor ${get} response 200 name: only "orders/1"`,
      `minor ${put} response 200 name: only "orders/1"`,
    ],
  ],
  [
    'no list of values any more',
    (_, { properties }) => delete properties['state'].enum,
    [
      `major ${get} response 200 state: any value, not only those of a list`,
      `major ${put} response 200 state: any value, not only those of a list`,
      `minor ${put} request state: any value, not only those of a list`,
    ],
  ],
  [
    'a keyword that is not understood',
    (_, parts) => (parts.get['parameters'][0].schema.const = 'x'),
    [`major ${get} query asOf value: const changed`],
  ],
  [
    'a range moved',
    (_, { properties }) => Object.assign(properties['count'], { minimum: 0, maximum: 8 }),
    [
      `major ${get} response 200 count: minimum was 1, is 0`,
      `major ${put} request count: maximum was 9, is 8`,
      `major ${put} response 200 count: minimum was 1, is 0`,
      `minor ${get} response 200 count: maximum was 9, is 8`,
      `minor ${put} request count: minimum was 1, is 0`,
      `minor ${put} response 200 count: maximum was 9, is 8`,
    ],
  ],
  [
    'elements of a list narrowed',
    (_, { properties }) => (properties['tags'].items.maxLength = 4),
    [
      `major ${put} request tags[]: maxLength was 5, is 4`,
      `minor ${get} response 200 tags[]: maxLength was 5, is 4`,
      `minor ${put} response 200 tags[]: maxLength was 5, is 4`,
    ],
  ],
  [
    'a pattern more',
    (_, { properties }) => (properties['state'].pattern = '^P'),
    [
      `major ${put} request state: pattern was none, is "^P"`,
      `minor ${get} response 200 state: pattern was none, is "^P"`,
      `minor ${put} response 200 state: pattern was none, is "^P"`,
    ],
  ],
];

for (const [name, change, expected] of cases) {
  test(name, () => {
    assert.equal(changesOf(change).toSorted(), expected.toSorted());
  });
}

test('a side without the document is told', () => {
  assert.is(compareOpenApi(side(undefined), side(base())).note, 'the base has no gen/openapi.json');
  const gone = compareOpenApi(side(base()), side(undefined));
  assert.is(gone.note, 'the working tree has no gen/openapi.json');
});

test.run();
