// In place of main.ts under `npm run dev`: Vite serves the sources, and a change of them is in the
// browser at once. Pages still come through the gateway's port; only the socket by which Vite tells
// them of changes leads straight here.
import { resolve } from 'node:path';
import { createServer } from 'vite';
import { startInternalServer } from '#lib/internal-http/server.ts';
import { runService } from '#lib/process/lifecycle.ts';
import { Readiness } from '#lib/process/readiness.ts';

await runService('web', async ({ config, log, onStop }) => {
  const host = config.PURSER_HOST;
  const port = config.PURSER_WEB_PORT;
  const readiness = new Readiness({ checks: {}, log });
  const internal = await startInternalServer({
    host,
    port: config.PURSER_WEB_INTERNAL_PORT,
    readiness,
  });
  onStop('the internal port', internal.stop);
  const server = await createServer({
    configFile: resolve(import.meta.dirname, '../vite.config.ts'),
    server: { host, port, strictPort: true, hmr: { clientPort: port } },
  });
  await server.listen();
  onStop('the development server', () => server.close());
});
