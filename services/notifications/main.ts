import { runService } from '#lib/process/lifecycle.ts';
import { startService } from '#lib/service/start-service.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { webSocketDoor } from './live/web-socket-door.ts';
import { notifications } from './service.ts';

await runService('notifications', async ({ config, log, onStop }) => {
  const settings = {
    host: config.PURSER_HOST,
    port: config.PURSER_NOTIFICATIONS_PORT,
    internalPort: config.PURSER_NOTIFICATIONS_INTERNAL_PORT,
    databaseUrl: config.PURSER_NOTIFICATIONS_DATABASE_URL,
    natsUrl: config.PURSER_NATS_URL,
    streams: {
      replicas: Number(config.PURSER_STREAM_REPLICAS),
      bytesMax: config.PURSER_STREAM_BYTES_MAX,
    },
    reflection: config.PURSER_REFLECTION,
    messageDays: config.PURSER_MESSAGE_DAYS,
    tls: openTlsFolder(config.PURSER_TLS_FOLDER),
    doors: [
      webSocketDoor({
        port: config.PURSER_NOTIFICATIONS_LIVE_PORT,
        origins: config.PURSER_LIVE_ORIGINS,
      }),
    ],
  };
  await startService(notifications, settings, { log, onStop });
});
