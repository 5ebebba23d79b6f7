import {
  type LiveAccount,
  LiveMessage,
  LiveMessage_Kind,
  type LiveOrder,
} from '#gen/purser/notifications/v1/live.ts';
import type { Order_FailureReason, Order_State } from '#gen/purser/orders/v1/order.ts';
import { streams } from '#gen/streams.ts';
import { orderName } from '#lib/resource-name/order-name.ts';
import { type Span, startSpan } from '#lib/trace/tracing.ts';
import { type Position, writeResumeToken } from '../domain/position.ts';

const { write } = streams['/purser.notifications.v1.LiveService/Subscribe'];

/** An order as the log and the snapshots show it. */
export interface ShownOrder {
  orderId: string;
  state: number;
  failureReason: number;
  amountMinor: bigint;
  currencyCode: string;
  version: bigint;
  time: Date;
}

export interface ShownAccount {
  balanceMinor: bigint;
  currencyCode: string;
  ledgerVersion: bigint;
}

/**
 * A message on its way to the streams of one user. Its frame is made once, when the first WebSocket
 * needs it.
 */
export class LiveText {
  readonly message: LiveMessage;
  readonly position: Position;
  readonly #traceparent: string | undefined;
  #frame: Buffer | undefined;

  constructor(
    userId: string,
    content: LiveMessage,
    position: Position,
    traceparent: string | null = null,
  ) {
    const resumeToken = writeResumeToken(userId, position);
    this.message = { ...content, number: position.number, resumeToken };
    this.position = position;
    this.#traceparent = traceparent ?? undefined;
  }

  /** Begins the span of its way to one stream of the user, where its trace is recorded. */
  startPush(transport: 'grpc' | 'websocket'): Span {
    const options = { kind: 'producer', parent: this.#traceparent } as const;
    return startSpan(`push ${transport}`, options);
  }

  /** The message as JSON in a text frame of WebSocket. */
  get frame(): Buffer {
    return (this.#frame ??= textFrame(write(this.message)));
  }
}

/** RFC 6455, 5.2: FIN and the opcode of text, the length, and no mask from a server. */
function textFrame(text: string): Buffer {
  const length = Buffer.byteLength(text);
  const begin = length < 126 ? 2 : length < 65_536 ? 4 : 10;
  const frame = Buffer.allocUnsafe(begin + length);
  frame[0] = 0x81;
  frame[1] = begin === 2 ? length : begin === 4 ? 126 : 127;
  if (begin === 4) frame.writeUInt16BE(length, 2);
  if (begin === 10) frame.writeBigUInt64BE(BigInt(length), 2);
  frame.write(text, begin);
  return frame;
}

const empty: LiveMessage = {
  kind: LiveMessage_Kind.KIND_UNSPECIFIED,
  number: 0n,
  resumeToken: '',
  orders: [],
  account: undefined,
};

export const heartbeat: LiveMessage = { ...empty, kind: LiveMessage_Kind.HEARTBEAT };

export function orderMessage(order: ShownOrder): LiveMessage {
  return { ...empty, kind: LiveMessage_Kind.ORDER, orders: [liveOrder(order)] };
}

export function accountMessage(account: ShownAccount): LiveMessage {
  return { ...empty, kind: LiveMessage_Kind.ACCOUNT, account: liveAccount(account) };
}

export function snapshotMessage(
  orders: readonly ShownOrder[],
  account: ShownAccount | undefined,
): LiveMessage {
  return {
    ...empty,
    kind: LiveMessage_Kind.SNAPSHOT,
    orders: orders.map(liveOrder),
    account: account && liveAccount(account),
  };
}

function liveOrder(order: ShownOrder): LiveOrder {
  const { currencyCode, amountMinor } = order;
  return {
    name: orderName(order.orderId),
    state: order.state as Order_State,
    failureReason: order.failureReason as Order_FailureReason,
    amount: { currencyCode, amountMinor },
    version: order.version,
    updateTime: order.time,
  };
}

function liveAccount({ balanceMinor, currencyCode, ledgerVersion }: ShownAccount): LiveAccount {
  return { balance: { currencyCode, amountMinor: balanceMinor }, ledgerVersion };
}
