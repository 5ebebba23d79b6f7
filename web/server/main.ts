// The store front as a process: the files of web/dist, and nothing else. It knows no service; pages
// speak to the gateway, which also passes these files on.
import { resolve } from 'node:path';
import { startInternalServer } from '#lib/internal-http/server.ts';
import { runService } from '#lib/process/lifecycle.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { startPageServer } from './page-server.ts';
import { readSite } from './site.ts';

await runService('web', async ({ config, log, onStop }) => {
  const host = config.PURSER_HOST;
  const site = readSite(resolve(import.meta.dirname, '../dist'));
  const readiness = new Readiness({ checks: {}, log });
  const internal = await startInternalServer({
    host,
    port: config.PURSER_WEB_INTERNAL_PORT,
    readiness,
  });
  onStop('the internal port', internal.stop);
  const pages = await startPageServer({ host, port: config.PURSER_WEB_PORT, site });
  onStop('the public port', pages.stop);
});
