// What a careful developer would write by hand for one method: Fastify, JSON.parse, one grpc-js
// call with a deadline, JSON.stringify. No validation, no errors as problem documents, no metrics.
// `node bare.ts PORT ECHO_PORT`, ends when its standard input does.
import { credentials, Metadata } from '@grpc/grpc-js';
import { fastify } from 'fastify';
import { Order } from '#gen/purser/orders/v1/order.ts';
import { CreateOrderRequest, OrderServiceClient } from '#gen/purser/orders/v1/order_service.ts';

interface Body {
  amount: { currencyCode: string; amountMinor: string };
  description: string;
}

const [port, echoPort] = process.argv.slice(2).map(Number);
const orders = new OrderServiceClient(`127.0.0.1:${echoPort}`, credentials.createInsecure());
const emptyOrder = Order.decode(new Uint8Array());
const emptyRequest = CreateOrderRequest.decode(new Uint8Array());
const app = fastify();
app.post('/v1/orders', (request, reply) => {
  const { amount, description } = request.body as Body;
  const metadata = new Metadata();
  metadata.set('x-user-id', request.headers['x-user-id'] as string);
  const order = {
    ...emptyOrder,
    amount: { currencyCode: amount.currencyCode, amountMinor: BigInt(amount.amountMinor) },
    description,
  };
  const requestId = request.headers['idempotency-key'] as string;
  const deadline = new Date(Date.now() + 5_000);
  orders.createOrder(
    { ...emptyRequest, order, requestId },
    metadata,
    { deadline },
    (error, created) => {
      if (error) reply.code(500).send({ title: error.message });
      else reply.code(201).send(toJson(created!));
    },
  );
  return reply;
});
await app.listen({ host: '127.0.0.1', port: port! });
console.log('listening');
process.stdin.resume().on('end', () => process.exit(0));

function toJson(order: Order) {
  return {
    name: order.name,
    userId: order.userId,
    state: 'PENDING',
    amount: {
      currencyCode: order.amount!.currencyCode,
      amountMinor: String(order.amount!.amountMinor),
    },
    description: order.description,
    version: String(order.version),
    etag: order.etag,
    createTime: order.createTime!.toISOString(),
    updateTime: order.updateTime!.toISOString(),
  };
}
