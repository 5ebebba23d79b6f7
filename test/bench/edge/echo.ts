// The service behind both edges: answers CreateOrder at once with what it was asked for.
// `node echo.ts PORT`, ends when its standard input does.
import { Server, ServerCredentials } from '@grpc/grpc-js';
import { Order, Order_State } from '#gen/purser/orders/v1/order.ts';
import {
  type OrderServiceServer,
  OrderServiceService,
} from '#gen/purser/orders/v1/order_service.ts';

const time = new Date('2026-01-02T03:04:05.678Z');
const emptyOrder = Order.decode(new Uint8Array());
const name = 'orders/01890a5d-ac96-774b-bcce-b302099a8057';
const server = new Server();
const createOrder: OrderServiceServer['createOrder'] = ({ request, metadata }, callback) =>
  callback(null, {
    ...emptyOrder,
    ...request.order,
    name,
    userId: String(metadata.get('x-user-id')[0]),
    state: Order_State.PENDING,
    version: 1n,
    etag: 'e1',
    createTime: time,
    updateTime: time,
  });
server.addService({ createOrder: OrderServiceService.createOrder }, { createOrder });
const port = Number(process.argv[2]);
server.bindAsync(`127.0.0.1:${port}`, ServerCredentials.createInsecure(), (error) => {
  if (error) throw error;
  console.log('listening');
});
process.stdin.resume().on('end', () => process.exit(0));
