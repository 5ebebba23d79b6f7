import { targetName, targetVariable } from '#lib/config/target-variables.ts';
import { runService } from '#lib/process/lifecycle.ts';
import { withCertificate } from '#lib/pg/ssl.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { startOperations } from './start-operations.ts';

const watched = ['orders', 'payments', 'notifications'];

await runService(
  'operations',
  async ({ config, log, onStop }) => {
    if (config.PURSER_OPERATOR_KEY === undefined) {
      log.warn('PURSER_OPERATOR_KEY is not set: the API of Operations is closed to everybody');
    }
    const targets = watched.map((name) => [name, config[targetName(name)] as string]);
    const folder = config.PURSER_TLS_FOLDER;
    const secured = (url: string) =>
      folder === undefined || /[?&]sslmode=/.test(url) ? url : withCertificate(url, folder);
    await startOperations(
      {
        host: config.PURSER_HOST,
        port: config.PURSER_OPERATIONS_PORT,
        internalPort: config.PURSER_OPERATIONS_INTERNAL_PORT,
        reflection: config.PURSER_REFLECTION,
        operatorKey: config.PURSER_OPERATOR_KEY,
        targets: Object.fromEntries(targets),
        databases: {
          orders: secured(config.PURSER_ORDERS_DATABASE_URL),
          payments: secured(config.PURSER_PAYMENTS_DATABASE_URL),
          notifications: secured(config.PURSER_NOTIFICATIONS_DATABASE_URL),
        },
        natsUrl: config.PURSER_NATS_URL,
        tls: openTlsFolder(folder),
        auditIntervalSeconds: config.PURSER_AUDIT_INTERVAL,
      },
      { log, onStop },
    );
  },
  Object.fromEntries(watched.map((name) => [targetName(name), targetVariable(name)])),
);
