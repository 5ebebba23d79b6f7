import { join } from 'node:path';
import { tlsFiles } from '#lib/tls/tls-folder.ts';
import type { Settings } from './settings.ts';

/** What the terminal shows once everything runs: addresses, and three commands to try. */
export function welcome(
  settings: Settings,
  operatorKey: string,
  runs: (service: string) => boolean,
): string {
  const { reachableHost: host } = settings;
  const instances = settings.instances.filter(({ service }) => runs(service.name));
  const addresses = instances.map(({ service, name, port }) => {
    const scheme = service.edge ? 'http://' : '';
    return `  ${name.padEnd(14)} ${scheme}${host}:${port}`;
  });
  const gateway = portOf(settings, 'gateway');
  const payments = portOf(settings, 'payments');
  const hasPages = instances.some(({ service }) => service.name === 'web');
  const pages = hasPages ? ['', `Open http://${host}:${gateway}/ in a browser.`] : [];
  const isOperated = instances.some(({ service }) => service.operates);
  // What follows the # stays in the browser: no server and no log gets the key.
  const operators =
    hasPages && isOperated
      ? ['', 'Operators:', `  http://${host}:${gateway}/system#key=${operatorKey}`]
      : [];
  const order = '{"amount":{"currencyCode":"USD","amountMinor":"2500"},"description":"Two books"}';
  return [
    '',
    'Purser runs. Ctrl-C stops it; its data and logs stay in',
    `  ${settings.dataFolder}`,
    '',
    ...addresses,
    `  ${'API reference'.padEnd(14)} http://${host}:${gateway}/docs`,
    `  ${'PostgreSQL'.padEnd(14)} 127.0.0.1:${settings.postgresPort}`,
    `  ${'nats-server'.padEnd(14)} 127.0.0.1:${settings.natsPort}`,
    ...pages,
    ...operators,
    '',
    'The user "demo" has an account, and was given 1,000.00 USD. Try:',
    '',
    '  # Order two books; the reply is the order, PENDING.',
    `  curl -s http://${host}:${gateway}/v1/orders -H 'X-User-Id: demo' \\`,
    `    -H 'Content-Type: application/json' -d '${order}'`,
    '',
    '  # A moment later it is PAID.',
    `  curl -s http://${host}:${gateway}/v1/orders -H 'X-User-Id: demo'`,
    '',
    '  # The account, over gRPC; the server describes itself.',
    `  npx buf curl --protocol grpc ${grpcOptions(settings)} -H 'x-user-id: demo' -d '{}' \\`,
    `    ${settings.certificates ? 'https' : 'http'}://${host}:${payments}/` +
      'purser.payments.v1.AccountService/GetAccount',
    '',
    '',
  ].join('\n');
}

/** Over mutual TLS whoever calls has to be the gateway. */
function grpcOptions({ certificates }: Settings): string {
  if (certificates === undefined) return '--http2-prior-knowledge';
  const file = (name: string) => join(certificates, 'gateway', name);
  const { ca, cert, key } = tlsFiles;
  return `--cacert ${file(ca)} --cert ${file(cert)} --key ${file(key)}`;
}

function portOf({ instances }: Settings, service: string): number | undefined {
  return instances.find((instance) => instance.service.name === service)?.port;
}
