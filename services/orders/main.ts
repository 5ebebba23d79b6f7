import { targetVariable } from '#lib/config/target-variables.ts';
import { runService } from '#lib/process/lifecycle.ts';
import { startService } from '#lib/service/start-service.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { orders } from './service.ts';

await runService(
  'orders',
  async ({ config, log, onStop }) => {
    const settings = {
      host: config.PURSER_HOST,
      port: config.PURSER_ORDERS_PORT,
      internalPort: config.PURSER_ORDERS_INTERNAL_PORT,
      databaseUrl: config.PURSER_ORDERS_DATABASE_URL,
      natsUrl: config.PURSER_NATS_URL,
      streams: {
        replicas: Number(config.PURSER_STREAM_REPLICAS),
        bytesMax: config.PURSER_STREAM_BYTES_MAX,
      },
      reflection: config.PURSER_REFLECTION,
      messageDays: config.PURSER_MESSAGE_DAYS,
      outboxRowsMax: config.PURSER_OUTBOX_ROWS_MAX,
      tls: openTlsFolder(config.PURSER_TLS_FOLDER),
      targets: {
        payments: config.PURSER_PAYMENTS_TARGET,
        notifications: config.PURSER_NOTIFICATIONS_TARGET,
      },
    };
    await startService(orders, settings, { log, onStop });
  },
  {
    PURSER_PAYMENTS_TARGET: targetVariable('payments'),
    PURSER_NOTIFICATIONS_TARGET: targetVariable('notifications'),
  },
);
