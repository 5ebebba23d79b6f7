import { credentials, Metadata } from '@grpc/grpc-js';
import { OrderServiceClient } from '#gen/purser/orders/v1/order_service.ts';
import { grpcOrder } from '../order-request.ts';
import { payOrders } from '../paid-orders.ts';
import type { Scenario } from '../scenario.ts';

export const grpc: Scenario = {
  name: 'grpc',
  about: 'CreateOrder over gRPC, without the gateway',
  async run(context) {
    const system = await context.system();
    const address = `127.0.0.1:${system.ports.orders}`;
    const client = new OrderServiceClient(address, credentials.createInsecure());
    try {
      return await payOrders(context, system, {
        create: (_, userId) => createOver(client, userId),
      });
    } finally {
      client.close();
    }
  },
};

async function createOver(client: OrderServiceClient, userId: string): Promise<boolean> {
  const metadata = new Metadata();
  metadata.set('x-user-id', userId);
  return new Promise((resolve) => {
    client.createOrder(grpcOrder(), metadata, (error) => resolve(error === null));
  });
}
