// For the tests of Notifications: instances of it in this process, stand-ins for Orders and
// Payments, and clients of its streams.
import { randomUUID, randomUUIDv7 } from 'node:crypto';
import { Client, credentials, Metadata, type ServiceError } from '@grpc/grpc-js';
import { WebSocket } from 'ws';
import type { LiveMessage } from '#gen/purser/notifications/v1/live.ts';
import { streams } from '#gen/streams.ts';
import { Order_State } from '#gen/purser/orders/v1/order.ts';
import { fromServiceError } from '#lib/errors/status.ts';
import type { OutboxEvent } from '#lib/outbox/event.ts';
import type { Clock } from '#lib/time/clock.ts';
import { testPublisher } from '#test/harness/publish.ts';
import { ownNats, serviceDatabase, testService, type TestService } from '#test/harness/service.ts';
import { orderStateChanged } from '../orders/published.ts';
import { accountCreated, accountToppedUp } from '../payments/published.ts';
import type { HubTimes } from './live/hub.ts';
import { type WebSocketDoorOptions, webSocketDoor } from './live/web-socket-door.ts';
import { migrations } from './schema/migrations.ts';
import { notifications, withTimes } from './service.ts';

export interface LiveService extends TestService {
  livePort: number;
}

/** JSON of a message; tests look at whatever members they like. */
// oxlint-disable-next-line typescript/no-explicit-any
export type Frame = any;

export const usd = (amountMinor: bigint | number) => ({
  currencyCode: 'USD',
  amountMinor: BigInt(amountMinor),
});

/**
 * A database, a broker, the streams of Orders and Payments, and as many instances as are wanted.
 */
export async function openLive(clock?: Clock) {
  const nats = await ownNats();
  const database = await serviceDatabase('notifications', migrations);
  const orders = await testPublisher(nats.url, 'orders');
  const payments = await testPublisher(nats.url, 'payments');
  const instances = new Set<LiveService>();
  return {
    nats,
    database,
    publish: (event: OutboxEvent) =>
      (event.type.startsWith('purser.orders') ? orders : payments).publish(event),
    async start(
      options: Partial<WebSocketDoorOptions> & { times?: Partial<HubTimes> } = {},
    ): Promise<LiveService> {
      let livePort = 0;
      const onPort = (port: number) => (livePort = port);
      const { times, ...door } = options;
      const service = await testService(times ? withTimes(times) : notifications, {
        databaseUrl: database.url,
        natsUrl: nats.url,
        ...(clock && { clock }),
        doors: [webSocketDoor({ port: 0, origins: ['same-host'], onPort, ...door })],
      });
      const stop = async () => {
        if (instances.delete(instance)) await service.stop();
      };
      const instance = { ...service, livePort, stop };
      instances.add(instance);
      return instance;
    },
    async close() {
      await Promise.all([...instances].map((instance) => instance.stop()));
      await Promise.all([orders.close(), payments.close()]);
      await database.close();
      await nats.stop();
    },
  };
}

export const newUser = () => `user-${randomUUID()}`;
export const newOrder = () => `orders/${randomUUIDv7()}`;

export function orderEvent(
  userId: string,
  order: string,
  state: keyof typeof Order_State,
  version: number,
): OutboxEvent {
  return orderStateChanged.toOutbox({
    eventId: randomUUIDv7(),
    userId,
    about: order,
    message: {
      order,
      userId,
      previousState: 0,
      state: Order_State[state],
      failureReason: state === 'FAILED' ? 1 : 0,
      amount: usd(100),
      version: BigInt(version),
      changeTime: new Date(),
    },
  });
}

export function accountEvent(userId: string, balance: number, ledgerVersion: number): OutboxEvent {
  const account = `accounts/${randomUUIDv7()}`;
  const common = { account, userId, balance: usd(balance), ledgerVersion: BigInt(ledgerVersion) };
  const event = { eventId: randomUUIDv7(), userId, about: account };
  return ledgerVersion === 0
    ? accountCreated.toOutbox({ ...event, message: { ...common, createTime: new Date() } })
    : accountToppedUp.toOutbox({
        ...event,
        message: { ...common, amount: usd(5), topUpTime: new Date() },
      });
}

/** What a client has received, and how its stream ended. */
export interface Received<Message> {
  messages: Message[];
  /** Resolves with the message at that place, once it is there. */
  at(index: number): Promise<Message>;
  cancel(): void;
}

function newReceived<Message>(cancel: () => void) {
  const messages: Message[] = [];
  const waiting: { index: number; resolve: (message: Message) => void }[] = [];
  return {
    messages,
    cancel,
    add(message: Message) {
      messages.push(message);
      for (const { index, resolve } of waiting) {
        const found = messages[index];
        if (found !== undefined) resolve(found);
      }
    },
    at: (index: number) =>
      new Promise<Message>((resolve) => {
        const found = messages[index];
        if (found !== undefined) resolve(found);
        else waiting.push({ index, resolve });
      }),
  };
}

/** A stream over gRPC. `ended` has the reason, undefined when it ended well. */
export function grpcStream(
  { port }: { port: number },
  userId: string | undefined,
  options: { resumeToken?: string; deadline?: Date } = {},
): Received<LiveMessage> & { ended: Promise<string | undefined> } {
  const { resumeToken = '', deadline } = options;
  const { definition, path } = streams['/purser.notifications.v1.LiveService/Subscribe'];
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  const metadata = new Metadata();
  if (userId !== undefined) metadata.set('x-user-id', userId);
  const call = client.makeServerStreamRequest(
    path,
    definition.requestSerialize,
    definition.responseDeserialize,
    { resumeToken },
    metadata,
    deadline ? { deadline } : {},
  );
  const received = newReceived<LiveMessage>(() => call.cancel());
  call.on('data', (message: LiveMessage) => received.add(message));
  const ended = new Promise<string | undefined>((resolve) => {
    call.on('error', (error: ServiceError) => resolve(fromServiceError(error).reason));
    call.on('end', () => setImmediate(resolve, undefined));
  }).finally(() => client.close());
  return Object.assign(received, { ended });
}

export interface SocketOptions {
  userId?: string;
  ticket?: string;
  origin?: string;
  headers?: Record<string, string>;
  resumeToken?: string;
  /** In place of the subscription. */
  first?: string | Buffer | null;
  path?: string;
}

export interface Socket extends Received<Frame> {
  socket: WebSocket;
  /** Settles when the socket is open, or with the problem that it was refused with. */
  opened: Promise<Frame | undefined>;
  closed: Promise<{ code: number; reason: string }>;
}

/** A WebSocket that subscribes as soon as it is open. */
export function liveSocket(port: number, options: SocketOptions = {}): Socket {
  const { userId, ticket, origin, resumeToken, path = '/v1/live' } = options;
  const query = ticket === undefined ? '' : `?ticket=${ticket}`;
  const headers = { ...options.headers, ...(userId && { 'x-user-id': userId }) };
  const url = `ws://127.0.0.1:${port}${path}${query}`;
  const socket = new WebSocket(url, { headers, ...(origin && { origin }) });
  const received = newReceived<Frame>(() => socket.terminate());
  socket.on('message', (data) => received.add(JSON.parse(String(data))));
  socket.on('error', () => {});
  const opened = new Promise<Frame | undefined>((resolve) => {
    socket.on('open', () => {
      const { first = JSON.stringify({ resumeToken }) } = options;
      if (first !== null) socket.send(first, { binary: Buffer.isBuffer(first) });
      resolve(undefined);
    });
    socket.on('unexpected-response', (_request, response) => {
      let body = '';
      response.on('data', (part) => (body += part));
      response.on('end', () => {
        resolve(JSON.parse(body));
        socket.terminate();
      });
    });
  });
  const closed = new Promise<{ code: number; reason: string }>((resolve) => {
    socket.once('close', (code, reason) => resolve({ code, reason: String(reason) }));
  });
  return Object.assign(received, { socket, opened, closed });
}

/** What a socket was refused with. */
export async function reasonOf(port: number, options: SocketOptions): Promise<[number, string]> {
  const problem: Frame = await liveSocket(port, options).opened;
  return [problem?.status, problem?.reason];
}
