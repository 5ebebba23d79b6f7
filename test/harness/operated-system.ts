// Orders, Payments, Operations, the gateway and the pages in this one process: what operators see,
// without starting the whole system.
import { routes } from '#gen/routes.ts';
import { closeUpstreams, connectUpstreams } from '#lib/grpc/upstreams.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { LiveProxy } from '../../gateway/live-proxy.ts';
import { startGateway } from '../../gateway/server.ts';
import { upstreamChecks } from '../../gateway/upstreams.ts';
import { migrations as liveMigrations } from '../../services/notifications/schema/migrations.ts';
import { startOperations } from '../../services/operations/start-operations.ts';
import { migrations as ordersMigrations } from '../../services/orders/schema/migrations.ts';
import { orders } from '../../services/orders/service.ts';
import { migrations as paymentsMigrations } from '../../services/payments/schema/migrations.ts';
import { payments } from '../../services/payments/service.ts';
import { startPageServer } from '../../web/server/page-server.ts';
import { readSite } from '../../web/server/site.ts';
import { buildSite, siteFolder } from '../../tools/web/build.ts';
import { ownNats, serviceDatabase, testLog as log, testService } from './service.ts';

const host = '127.0.0.1';
const local = (port: number) => `${host}:${port}`;

export async function startOperatedSystem() {
  await buildSite();
  const nats = await ownNats();
  const databases = {
    orders: await serviceDatabase('orders', ordersMigrations),
    payments: await serviceDatabase('payments', paymentsMigrations),
    notifications: await serviceDatabase('notifications', liveMigrations),
  };
  const natsUrl = nats.url;
  const paymentsService = await testService(payments, {
    databaseUrl: databases.payments.url,
    natsUrl,
  });
  const ordersService = await testService(orders, {
    databaseUrl: databases.orders.url,
    natsUrl,
    targets: { payments: local(paymentsService.port) },
  });
  const closers: (() => unknown)[] = [];
  const operatorKey = 'the-key-of-operators';
  const targets = { orders: local(ordersService.port), payments: local(paymentsService.port) };
  const operations = await startOperations(
    {
      host,
      port: 0,
      internalPort: 0,
      reflection: false,
      operatorKey,
      // Nobody is there.
      targets: { ...targets, notifications: local(1) },
      databases: {
        orders: databases.orders.urlOf('operations'),
        payments: databases.payments.urlOf('operations'),
        notifications: databases.notifications.urlOf('operations'),
      },
      natsUrl,
      auditIntervalSeconds: 900,
    },
    { log, onStop: (_what, close) => closers.push(close) },
  );
  const pages = await startPageServer({ host, port: 0, site: readSite(siteFolder) });
  const upstreams = connectUpstreams({ ...targets, operations: local(operations.port) }, log);
  const gateway = await startGateway({
    host,
    port: 0,
    routes,
    upstreams,
    readiness: new Readiness({ ...upstreamChecks(upstreams), log }),
    live: new LiveProxy({ targets: [], log, answerMs: 500 }),
    log,
    pages: { host, port: pages.port },
  });
  return {
    url: `http://${local(gateway.port)}`,
    natsUrl,
    operatorKey,
    operations,
    ordersPort: ordersService.port,
    sql: databases.orders.sql,
    async stop() {
      await gateway.stop();
      closeUpstreams(upstreams);
      await pages.stop();
      for (const close of closers.reverse()) await close();
      await Promise.all([ordersService.stop(), paymentsService.stop()]);
      await Promise.all(Object.values(databases).map((database) => database.close()));
      await nats.stop();
    },
  };
}
