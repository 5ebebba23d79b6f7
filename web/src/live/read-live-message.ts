import type { Money } from '#sdk/src/index.ts';
import type { SeenAccount, SeenOrder } from '../session/newest.ts';

/** A message of the live stream, as the pages use it. */
export interface LiveMessage {
  kind: 'SNAPSHOT' | 'ORDER' | 'ACCOUNT' | 'HEARTBEAT' | (string & {});
  /** Send it with the next connection to go on after this message; undefined when it has none. */
  resumeToken: string | undefined;
  orders: SeenOrder[];
  account: SeenAccount | undefined;
}

/**
 * Reads a text frame: LiveMessage of purser.notifications.v1 as JSON. Throws SyntaxError or
 * TypeError for anything else.
 */
export function readLiveMessage(text: string): LiveMessage {
  const json = JSON.parse(text) as Json;
  const { kind, resumeToken, orders, account } = json;
  if (typeof kind !== 'string') throw new TypeError('A live message without its kind.');
  return {
    kind,
    resumeToken: typeof resumeToken === 'string' && resumeToken !== '' ? resumeToken : undefined,
    orders: ((orders ?? []) as Json[]).map(readOrder),
    account: account === undefined ? undefined : readAccount(account as Json),
  };
}

type Json = Readonly<Record<string, unknown>>;

function readOrder(json: Json): SeenOrder {
  return {
    name: textOf(json['name']),
    state: textOf(json['state']),
    failureReason: json['failureReason'] === undefined ? undefined : textOf(json['failureReason']),
    amount: readMoney(json['amount'] as Json),
    version: wholeOf(json['version']),
    updateTime: timeOf(json['updateTime']),
  };
}

function readAccount(json: Json): SeenAccount {
  return {
    balance: readMoney(json['balance'] as Json),
    // proto3 JSON leaves out what is zero.
    ledgerVersion: wholeOf(json['ledgerVersion'] ?? '0'),
  };
}

function readMoney(json: Json): Money {
  return {
    currencyCode: textOf(json['currencyCode']),
    amountMinor: wholeOf(json['amountMinor'] ?? '0'),
  };
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError('A live message lacks a text.');
  return value;
}

function wholeOf(value: unknown): bigint {
  if (typeof value !== 'string') throw new TypeError('A live message lacks a number.');
  return BigInt(value);
}

function timeOf(value: unknown): Date {
  const time = new Date(textOf(value));
  if (Number.isNaN(time.getTime())) throw new TypeError('A live message has a wrong time.');
  return time;
}
