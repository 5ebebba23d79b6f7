import { runService } from '#lib/process/lifecycle.ts';
import { startService } from '#lib/service/start-service.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { payments } from './service.ts';

await runService('payments', async ({ config, log, onStop }) => {
  const settings = {
    host: config.PURSER_HOST,
    port: config.PURSER_PAYMENTS_PORT,
    internalPort: config.PURSER_PAYMENTS_INTERNAL_PORT,
    databaseUrl: config.PURSER_PAYMENTS_DATABASE_URL,
    natsUrl: config.PURSER_NATS_URL,
    streams: {
      replicas: Number(config.PURSER_STREAM_REPLICAS),
      bytesMax: config.PURSER_STREAM_BYTES_MAX,
    },
    reflection: config.PURSER_REFLECTION,
    messageDays: config.PURSER_MESSAGE_DAYS,
    outboxRowsMax: config.PURSER_OUTBOX_ROWS_MAX,
    tls: openTlsFolder(config.PURSER_TLS_FOLDER),
  };
  await startService(payments, settings, { log, onStop });
});
