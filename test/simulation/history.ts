import type { Invariant } from '#lib/audit/invariant.ts';
import { PaymentCaptured } from '#gen/purser/payments/v1/events.ts';
import type { BrokerWatch } from './broker.ts';
import type { Message } from './streams.ts';
import type { System } from './system.ts';
import type { Host } from './world.ts';

/** A row, or a moment, that breaks an invariant. */
export interface Violation {
  /** `I5`, or `H2` for what no data shows afterwards. */
  id: string;
  detail: string;
}

type HistoryInvariant = Pick<Invariant, 'id' | 'says'>;

/** What only who watches the whole history can see; the audit looks at data. */
export const historyInvariants = {
  published: {
    id: 'H1',
    says: 'The relay is done with an event only after the broker acknowledged it, or buried it.',
  },
  answered: {
    id: 'H2',
    says: 'What a client was told is so, and every client is told something in the end.',
  },
  committed: {
    id: 'H3',
    says: 'A message is acknowledged only after its effect, or its dead letter, is committed.',
  },
} as const satisfies Record<string, HistoryInvariant>;

/** Watches what the broker and the processes say to each other. */
export class History implements BrokerWatch {
  readonly violations: Violation[] = [];
  /** Keys of the messages whose acknowledgement left the broker. */
  readonly #acknowledged = new Set<string>();
  #system: System | undefined;

  watch(system: System): void {
    this.#system = system;
  }

  acknowledged({ headers }: Message): void {
    this.#acknowledged.add(headers.get('Nats-Msg-Id')!);
  }

  wasAcknowledged(eventId: string, publication: number): boolean {
    return this.#acknowledged.has(`${eventId}:${publication}`);
  }

  answered(host: Host, durable: string, message: Message, answer: 'ack' | 'term'): void {
    const id = message.headers.get('ce-id') ?? '';
    this.#system?.world.note(() => `${host.name} ${durable} ${answer} ${id}`);
    if (this.#isCommitted(durable, message, answer)) return;
    const { id: invariant } = historyInvariants.committed;
    this.violations.push({ id: invariant, detail: `${host.name}: ${answer} of ${durable} ${id}` });
  }

  #isCommitted(durable: string, { headers, payload }: Message, answer: 'ack' | 'term'): boolean {
    const { orders, payments } = this.#system!.tables;
    const id = headers.get('ce-id')!;
    const tables = durable.startsWith('orders-') ? orders : payments;
    const isBuried = tables.deadLetters.slots.get(`${durable}:${id}`)?.newest !== undefined;
    if (answer === 'term') return isBuried;
    if (tables === payments) return payments.inbox.slots.get(id)?.newest !== undefined;
    const type = headers.get('ce-type')!.split('.').at(-1)!;
    const waitsFor = { PaymentCaptured: 'PENDING', PaymentFailed: 'PENDING' }[type];
    if (waitsFor === undefined && !/^Payment(Voided|Refunded)$/.test(type)) return true;
    const state = orders.orders.slots.get(orderIdIn(payload) ?? '')?.newest?.row.state;
    return state !== undefined && state !== (waitsFor ?? 'CANCELLING');
  }
}

/** Undefined for a message that nobody can read. */
function orderIdIn(payload: Uint8Array): string | undefined {
  try {
    // All results have their order in the same field.
    return PaymentCaptured.decode(payload).order.slice('orders/'.length);
  } catch {
    return undefined;
  }
}
