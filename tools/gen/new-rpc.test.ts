import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { compile } from './fixture.ts';
import { rootDirectory } from './run-buf.ts';

const test = suite('a new RPC');

const orderService = 'purser/orders/v1/order_service.proto';
const rpc = `
  // Praises an order. Errors: ORDER_NOT_FOUND.
  rpc PraiseOrder(PraiseOrderRequest) returns (Order) {
    option (google.api.http) = {
      post: "/v1/{name=orders/*}:praise"
      body: "*"
    };
  }
}

// Request of PraiseOrder.
message PraiseOrderRequest {
  // Name of the order: \`orders/{order}\`.
  string name = 1 [
    (google.api.field_behavior) = REQUIRED,
    (google.api.resource_reference).type = "purser/Order"
  ];
  // The praise: up to 9 characters.
  string praise = 2 [
    (purser.api.v1.limits) = {max_length: 9},
    (purser.api.v1.example) = "Well done"
  ];
}
`;

async function contracts(): Promise<Record<string, string>> {
  const folder = join(rootDirectory, 'proto');
  const paths = (await readdir(folder, { recursive: true })).filter((path) =>
    path.endsWith('.proto'),
  );
  const texts = paths.map(async (path) => [path, await readFile(join(folder, path), 'utf8')]);
  return Object.fromEntries(await Promise.all(texts));
}

test('is everywhere that a caller looks, with no other edit', async () => {
  const present = await contracts();
  const end = /^\}\n/m;
  const grown = { ...present, [orderService]: present[orderService]!.replace(end, rpc) };
  const outcome = (await compile(grown))(...Object.keys(grown));
  assert.ok('files' in outcome, 'error' in outcome ? outcome.error : '');
  const { files } = outcome;
  const text = (name: string) => files.get(name) ?? '';
  assert.match(text('methods.ts'), "'/purser.orders.v1.OrderService/PraiseOrder'");
  assert.match(text('routes.ts'), "path: '/v1/orders/{order}:praise'");
  const validators = text('purser/orders/v1/order_service.validate.ts');
  assert.match(validators, /limitsPraiseOrderRequest_praise.*maxLength: 9/);
  const { paths } = JSON.parse(text('openapi.json'));
  assert.is(paths['/v1/orders/{order}:praise']?.post?.operationId, 'praiseOrder');
  const collection = JSON.parse(text('purser.postman_collection.json'));
  const requests = collection.item.flatMap((chapter: { item: unknown[] }) => chapter.item);
  const raw = requests.map(({ request }: { request: { url: { raw: string } } }) => request.url.raw);
  assert.ok(raw.includes('{{baseUrl}}/v1/orders/{{order}}:praise'), raw.join(' '));
  assert.match(text('purser.http'), 'POST {{baseUrl}}/v1/{{order}}:praise');
  assert.match(text('sdk/clients.ts'), /^ {2}praise\(/m);
});

test.run();
