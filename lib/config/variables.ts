// Every environment variable of Purser, in one table: the processes read it, and the documentation
// is checked against it.
import { failpointsText } from '#lib/failpoint/arms.ts';
import {
  address,
  addressList,
  folder,
  host,
  httpUrl,
  natsUrl,
  onOrOff,
  optionalKey,
  oneOf,
  originList,
  port,
  postgresUrl,
  rateLimit,
  share,
  tracingTarget,
  tlsFolder,
  wholeNumber,
} from './parse-value.ts';
import { samplerNames } from '#lib/trace/tracing-settings.ts';
import { variable } from './variable.ts';

export const variables = {
  PURSER_HOST: variable({
    parse: host,
    default: '127.0.0.1',
    description: 'Address that the gateway and the services listen on.',
    readBy: ['start', 'orders', 'payments', 'notifications', 'operations', 'gateway', 'web'],
  }),
  PURSER_ENV: variable({
    parse: oneOf('development', 'production'),
    default: 'development',
    description:
      'Either development, or production, which refuses the passwords of deploy/development.',
    readBy: ['orders', 'payments', 'notifications', 'operations', 'gateway', 'web'],
  }),
  PURSER_LOG_LEVEL: variable({
    parse: oneOf('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
    default: 'info',
    description:
      'Least severe level that is logged: trace, debug, info, warn, error, fatal or silent.',
    readBy: ['start', 'orders', 'payments', 'notifications', 'operations', 'gateway', 'web'],
  }),
  PURSER_TRACING: variable({
    parse: tracingTarget,
    default: 'off',
    description:
      'Where OpenTelemetry traces go: off, otlp (HTTP), or file: and a path for lines of JSON.',
    readBy: ['orders', 'payments', 'notifications', 'gateway'],
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable({
    parse: httpUrl,
    default: 'http://localhost:4318',
    description: 'Where otlp sends traces; headers are taken from OTEL_EXPORTER_OTLP_HEADERS.',
    readBy: ['orders', 'payments', 'notifications', 'gateway'],
  }),
  OTEL_TRACES_SAMPLER: variable({
    parse: oneOf(...samplerNames),
    default: 'parentbased_traceidratio',
    description: `Which traces are recorded: ${samplerNames.join(', ')}.`,
    readBy: ['orders', 'payments', 'notifications', 'gateway'],
  }),
  OTEL_TRACES_SAMPLER_ARG: variable({
    parse: share,
    default: '0.01',
    description: 'Share of the traces that the samplers by ratio record, 0 to 1.',
    readBy: ['orders', 'payments', 'notifications', 'gateway'],
  }),
  PURSER_FAILPOINTS: variable({
    parse: failpointsText,
    default: 'off',
    description:
      'For drills: off, on, or where the process shall fail, such as settle.locked=crash; ' +
      'production refuses all but off.',
    readBy: ['orders', 'payments', 'notifications', 'gateway'],
    drillsOnly: true,
  }),
  PURSER_NATS_URL: variable({
    parse: natsUrl,
    default: 'nats://127.0.0.1:42229',
    description:
      'The broker: nats://host:port, or several separated by commas; tls:// instead of nats:// ' +
      'for TLS.',
    readBy: ['orders', 'payments', 'notifications', 'operations'],
    secret: true,
  }),
  PURSER_TLS_FOLDER: variable({
    parse: tlsFolder,
    default: 'off',
    description:
      'Folder with tls.crt, tls.key and ca.crt: then connections to other processes, to ' +
      'PostgreSQL and to the broker are mutual TLS.',
    readBy: [
      'orders',
      'orders-migrate',
      'payments',
      'payments-migrate',
      'notifications',
      'notifications-migrate',
      'operations',
      'gateway',
    ],
  }),
  PURSER_STREAM_REPLICAS: variable({
    parse: oneOf('1', '3', '5'),
    default: '1',
    description:
      'How many servers of the broker keep each stream: 1, 3 or 5, of as many that are a cluster.',
    readBy: ['orders', 'payments', 'notifications'],
  }),
  PURSER_STREAM_BYTES_MAX: variable({
    parse: wholeNumber(64 * 1024 ** 2, 1024 ** 4),
    default: String(512 * 1024 ** 2),
    description:
      'Bytes that the broker reserves for each stream; the oldest third of its events goes when ' +
      'nine tenths are full, read or not. An order takes some 1,700 in the fuller one. The same ' +
      'for all services.',
    readBy: ['orders', 'payments', 'notifications'],
  }),
  PURSER_REFLECTION: variable({
    parse: onOrOff,
    default: 'on',
    description: 'Whether the gRPC ports describe themselves to grpcurl and buf curl: on or off.',
    readBy: ['orders', 'payments', 'notifications', 'operations'],
  }),
  PURSER_ORDERS_PORT: variable({
    parse: port,
    default: '50051',
    description: 'Port of Orders for gRPC; instance n listens on port + 100 (n - 1).',
    readBy: ['start', 'orders'],
  }),
  PURSER_PAYMENTS_PORT: variable({
    parse: port,
    default: '50052',
    description: 'Port of Payments for gRPC; instance n listens on port + 100 (n - 1).',
    readBy: ['start', 'payments'],
  }),
  PURSER_NOTIFICATIONS_PORT: variable({
    parse: port,
    default: '50053',
    description: 'Port of Notifications for gRPC; instance n listens on port + 100 (n - 1).',
    readBy: ['start', 'notifications'],
  }),
  PURSER_OPERATIONS_PORT: variable({
    parse: port,
    default: '50054',
    description: 'Port of Operations for gRPC.',
    readBy: ['start', 'operations'],
  }),
  PURSER_NOTIFICATIONS_LIVE_PORT: variable({
    parse: port,
    default: '8081',
    description: 'Port of Notifications for WebSockets; instance n listens on port + 100 (n - 1).',
    readBy: ['start', 'notifications'],
  }),
  PURSER_GATEWAY_PORT: variable({
    parse: port,
    default: '8080',
    description: 'Port of the gateway for HTTP; instance n listens on port + 100 (n - 1).',
    readBy: ['start', 'gateway'],
  }),
  PURSER_WEB_PORT: variable({
    parse: port,
    default: '8082',
    description: 'Port of the store front for HTTP; the gateway passes its pages on.',
    readBy: ['start', 'web'],
  }),
  PURSER_ORDERS_INTERNAL_PORT: variable({
    parse: port,
    default: '9051',
    description: 'Port of Orders for /metrics, /healthz and /readyz; instances as above.',
    readBy: ['start', 'orders'],
  }),
  PURSER_PAYMENTS_INTERNAL_PORT: variable({
    parse: port,
    default: '9052',
    description: 'Port of Payments for /metrics, /healthz and /readyz; instances as above.',
    readBy: ['start', 'payments'],
  }),
  PURSER_NOTIFICATIONS_INTERNAL_PORT: variable({
    parse: port,
    default: '9053',
    description: 'Port of Notifications for /metrics, /healthz and /readyz; instances as above.',
    readBy: ['start', 'notifications'],
  }),
  PURSER_OPERATIONS_INTERNAL_PORT: variable({
    parse: port,
    default: '9054',
    description: 'Port of Operations for /metrics, /healthz and /readyz.',
    readBy: ['start', 'operations'],
  }),
  PURSER_GATEWAY_INTERNAL_PORT: variable({
    parse: port,
    default: '9080',
    description: 'Port of the gateway for /metrics, /healthz and /readyz; instances as above.',
    readBy: ['start', 'gateway'],
  }),
  PURSER_WEB_INTERNAL_PORT: variable({
    parse: port,
    default: '9082',
    description: 'Port of the store front for /metrics, /healthz and /readyz.',
    readBy: ['start', 'web'],
  }),
  PURSER_ORDERS_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description:
      'Database of Orders: postgresql://user:password@host:port/database, with ' +
      '?sslmode=verify-full for TLS without PURSER_TLS_FOLDER, ?sslmode=disable for none with it.',
    readBy: ['orders', 'operations'],
    secret: true,
  }),
  PURSER_ORDERS_MIGRATION_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description: 'The same database for its migrations, as the role that owns it.',
    readBy: ['orders-migrate'],
    secret: true,
  }),
  PURSER_PAYMENTS_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description:
      'Database of Payments: postgresql://user:password@host:port/database, with ' +
      '?sslmode=verify-full for TLS without PURSER_TLS_FOLDER, ?sslmode=disable for none with it.',
    readBy: ['payments', 'operations'],
    secret: true,
  }),
  PURSER_PAYMENTS_MIGRATION_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description: 'The same database for its migrations, as the role that owns it.',
    readBy: ['payments-migrate'],
    secret: true,
  }),
  PURSER_NOTIFICATIONS_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description:
      'Database of Notifications: postgresql://user:password@host:port/database, with ' +
      '?sslmode=verify-full for TLS without PURSER_TLS_FOLDER, ?sslmode=disable for none with it.',
    readBy: ['notifications', 'operations'],
    secret: true,
  }),
  PURSER_NOTIFICATIONS_MIGRATION_DATABASE_URL: variable({
    parse: postgresUrl,
    default: undefined,
    description: 'The same database for its migrations, as the role that owns it.',
    readBy: ['notifications-migrate'],
    secret: true,
  }),
  PURSER_MESSAGE_DAYS: variable({
    parse: wholeNumber(8, 3_650),
    default: '30',
    description:
      'Days that published events stay in the outboxes; inboxes remember theirs 30 days longer. ' +
      'The same for all services.',
    readBy: ['orders', 'payments', 'notifications'],
  }),
  PURSER_OUTBOX_ROWS_MAX: variable({
    parse: wholeNumber(1, 1_000_000_000),
    default: '1000000',
    description:
      'Events that may wait for the broker until calls that write are refused with 503; a ' +
      'million take about 1 GB of the database.',
    readBy: ['orders', 'payments'],
  }),
  PURSER_OPERATOR_KEY: variable({
    parse: optionalKey,
    default: '',
    description:
      'What operators sign in with: 16 to 256 visible ASCII characters. Without it the API of ' +
      'Operations is closed; npm start keeps one in the file operator.key of its data folder.',
    readBy: ['start', 'operations'],
    secret: true,
  }),
  PURSER_AUDIT_INTERVAL: variable({
    parse: wholeNumber(0, 86_400),
    default: '900',
    description:
      'Seconds from the end of one audit by Operations to the beginning of the next; 0 for none ' +
      'but those that somebody asks for.',
    readBy: ['operations'],
  }),
  PURSER_LIVE_ORIGINS: variable({
    parse: originList,
    default: 'same-host',
    description:
      'Origins of the pages that may open WebSockets, separated by commas; same-host stands for ' +
      'the host that the page itself came from.',
    readBy: ['notifications'],
  }),
  PURSER_NOTIFICATIONS_LIVE_TARGET: variable({
    parse: addressList,
    default: '127.0.0.1:8081',
    description:
      'Where the gateway finds the WebSockets of Notifications: host:port, or several separated ' +
      'by commas.',
    readBy: ['gateway'],
  }),
  PURSER_TLS: variable({
    parse: onOrOff,
    default: 'off',
    description:
      'Whether npm start makes certificates and runs everything over mutual TLS: on or off.',
    readBy: ['start'],
  }),
  PURSER_POSTGRES_PORT: variable({
    parse: port,
    default: '54329',
    description: 'Port of the PostgreSQL that npm start runs.',
    readBy: ['start'],
  }),
  PURSER_NATS_PORT: variable({
    parse: port,
    default: '42229',
    description: 'Port of the nats-server that npm start runs.',
    readBy: ['start'],
  }),
  PURSER_DATA: variable({
    parse: folder,
    default: '.purser',
    description: 'Folder where npm start keeps databases, streams, logs and downloads.',
    readBy: ['start'],
  }),
  PURSER_ORDERS_INSTANCES: variable({
    parse: wholeNumber(1, 20),
    default: '1',
    description: 'How many processes of Orders npm start runs.',
    readBy: ['start'],
  }),
  PURSER_PAYMENTS_INSTANCES: variable({
    parse: wholeNumber(1, 20),
    default: '1',
    description: 'How many processes of Payments npm start runs.',
    readBy: ['start'],
  }),
  PURSER_NOTIFICATIONS_INSTANCES: variable({
    parse: wholeNumber(1, 20),
    default: '1',
    description: 'How many processes of Notifications npm start runs.',
    readBy: ['start'],
  }),
  PURSER_GATEWAY_INSTANCES: variable({
    parse: wholeNumber(1, 20),
    default: '1',
    description: 'How many processes of the gateway npm start runs.',
    readBy: ['start'],
  }),
  PURSER_USER_RATE_LIMIT: variable({
    parse: rateLimit,
    default: '100',
    description: 'Requests a second of one user over all gateways, or off, as npm start sets it.',
    readBy: ['gateway'],
  }),
  PURSER_ADDRESS_RATE_LIMIT: variable({
    parse: rateLimit,
    default: 'off',
    description: 'The same of an address, where no user is named; off behind a proxy.',
    readBy: ['gateway'],
  }),
  PURSER_RATE_LIMIT_INSTANCES: variable({
    parse: wholeNumber(1, 1_000),
    default: '1',
    description: 'How many gateways run at most: each grants this part of the rate limits.',
    readBy: ['gateway'],
  }),
  PURSER_WEB_TARGET: variable({
    parse: address,
    default: '127.0.0.1:8082',
    description: 'Where the gateway finds the store front: host:port.',
    readBy: ['gateway'],
  }),
};

export type VariableName = keyof typeof variables;
