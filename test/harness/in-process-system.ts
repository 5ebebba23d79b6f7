import { routes } from '#gen/routes.ts';
import type { Logger } from '#lib/log/logger.ts';
import { closeUpstreams, connectUpstreams } from '#lib/grpc/upstreams.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { LiveProxy } from '../../gateway/live-proxy.ts';
import { type Gateway, type GatewayOptions, startGateway } from '../../gateway/server.ts';
import { webSocketDoor } from '../../services/notifications/live/web-socket-door.ts';
import * as notificationsSchema from '../../services/notifications/schema/migrations.ts';
import { notifications } from '../../services/notifications/service.ts';
import * as ordersSchema from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import * as paymentsSchema from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';
import {
  ownNats,
  serviceDatabase,
  type TestDatabaseHandle,
  testLog,
  type TestService,
  testService,
} from './service.ts';

/** All services and a gateway in this process, over a broker and databases of their own. */
export interface InProcessSystem {
  /** The gateway, `http://127.0.0.1:…`. */
  url: string;
  gateway: Gateway;
  services: Record<'orders' | 'payments' | 'notifications', TestService>;
  databases: Record<'orders' | 'payments' | 'notifications', TestDatabaseHandle>;
  stop(): Promise<void>;
}

/** Starts in a second, and without a process of its own for anything but the broker. */
export async function startInProcessSystem(
  limits: GatewayOptions['limits'] & object = {},
  log: Logger = testLog,
): Promise<InProcessSystem> {
  const nats = await ownNats();
  const databases = await Promise.all([
    serviceDatabase('orders', ordersSchema.migrations),
    serviceDatabase('payments', paymentsSchema.migrations),
    serviceDatabase('notifications', notificationsSchema.migrations),
  ]);
  const [forOrders, forPayments, forNotifications] = databases.map(({ url }) => ({
    databaseUrl: url,
    natsUrl: nats.url,
    log,
  }));
  let livePort = 0;
  const door = webSocketDoor({
    port: 0,
    origins: ['same-host'],
    onPort: (port) => (livePort = port),
  });
  const services = {
    payments: await testService(payments, forPayments!),
    notifications: await testService(notifications, { ...forNotifications!, doors: [door] }),
  };
  const targets = { payments: `127.0.0.1:${services.payments.port}` };
  const all = { ...services, orders: await testService(orders, { ...forOrders!, targets }) };
  const addresses = Object.entries(all).map(([name, { port }]) => [name, `127.0.0.1:${port}`]);
  // Nobody operates it.
  addresses.push(['operations', '127.0.0.1:1']);
  const upstreams = connectUpstreams(Object.fromEntries(addresses), log);
  const live = new LiveProxy({ targets: [{ host: '127.0.0.1', port: livePort }], log });
  const gateway = await startGateway({
    host: '127.0.0.1',
    port: 0,
    routes,
    upstreams,
    readiness: new Readiness({ checks: {}, log }),
    live,
    log,
    limits,
  });
  return {
    url: `http://127.0.0.1:${gateway.port}`,
    gateway,
    services: all,
    databases: { orders: databases[0]!, payments: databases[1]!, notifications: databases[2]! },
    async stop() {
      await gateway.stop();
      closeUpstreams(upstreams);
      for (const service of Object.values(all)) await service.stop();
      for (const database of databases) await database.close();
      await nats.stop();
    },
  };
}
