import { routes } from '#gen/routes.ts';
import { targetName, targetVariable } from '#lib/config/target-variables.ts';
import { startInternalServer } from '#lib/internal-http/server.ts';
import { runService } from '#lib/process/lifecycle.ts';
import { Readiness } from '#lib/process/readiness.ts';
import { LiveProxy } from './live-proxy.ts';
import { RateLimit } from './rate-limit.ts';
import { startGateway } from './server.ts';
import { openTlsFolder } from '#lib/tls/open-tls-folder.ts';
import { closeUpstreams, connectUpstreams } from '#lib/grpc/upstreams.ts';
import { domainsOf, upstreamChecks } from './upstreams.ts';

const domains = domainsOf(routes);
const targetVariables = Object.fromEntries(
  domains.map((domain) => [targetName(domain), targetVariable(domain)]),
);

await runService(
  'gateway',
  async ({ config, log, onStop }) => {
    const host = config.PURSER_HOST;
    const targets = domains.map((domain) => [domain, config[targetName(domain)] as string]);
    const tls = openTlsFolder(config.PURSER_TLS_FOLDER);
    const upstreams = connectUpstreams(Object.fromEntries(targets), log, tls);
    onStop('the connections to the services', () => closeUpstreams(upstreams));
    const pages = config.PURSER_WEB_TARGET;
    const readiness = new Readiness({ ...upstreamChecks(upstreams, pages), log });
    const internal = await startInternalServer({
      host,
      port: config.PURSER_GATEWAY_INTERNAL_PORT,
      readiness,
    });
    onStop('the internal port', internal.stop);
    const port = config.PURSER_GATEWAY_PORT;
    const live = new LiveProxy({ targets: config.PURSER_NOTIFICATIONS_LIVE_TARGET, tls, log });
    const instances = config.PURSER_RATE_LIMIT_INSTANCES;
    const limit = (perSecond: number | undefined) =>
      perSecond === undefined ? undefined : new RateLimit({ perSecond, instances });
    const rates = {
      user: limit(config.PURSER_USER_RATE_LIMIT),
      address: limit(config.PURSER_ADDRESS_RATE_LIMIT),
    };
    const options = { host, port, routes, upstreams, readiness, live, log, pages, rates };
    const gateway = await startGateway(options);
    onStop('the public port', gateway.stop);
  },
  targetVariables,
);
