// What Orders and Payments must do, written down without a database, a batch or a lock: the model
// that the services are compared with. It shares no code with them.

export type State =
  | 'PENDING'
  | 'PAID'
  | 'FAILED'
  | 'ASSEMBLED'
  | 'SHIPPED'
  | 'DELIVERED'
  | 'CANCELLING'
  | 'CANCELLED';

export type Action = 'CancelOrder' | 'AssembleOrder' | 'ShipOrder' | 'DeliverOrder';

export interface ModelOrder {
  state: State;
  version: bigint;
  amountMinor: bigint;
  payment: 'none' | 'CAPTURED' | 'FAILED' | 'VOIDED' | 'REFUNDED';
}

/** A message on its way: which order it is about, and its place among that sender's messages. */
export interface ModelMessage {
  from: 'orders' | 'payments';
  type: string;
  order: number;
  /** Place among the messages of its sender about its order, from 0. */
  place: number;
}

/** One user with an account in USD, or with none. */
export class Model {
  readonly orders: ModelOrder[] = [];
  /** Every message that was ever written; any of them may be delivered at any time, again too. */
  readonly messages: ModelMessage[] = [];
  balance: bigint | undefined;
  entries = 0n;
  #taken = new Set<ModelMessage>();

  openAccount(): void {
    this.balance ??= 0n;
  }

  topUp(amountMinor: bigint): boolean {
    if (this.balance === undefined) return false;
    this.#book(amountMinor);
    return true;
  }

  create(amountMinor: bigint): void {
    const order =
      this.orders.push({ state: 'PENDING', version: 1n, amountMinor, payment: 'none' }) - 1;
    this.#write('orders', 'PaymentRequested', order);
  }

  /** Whether the action is allowed, or was done already. */
  act(action: Action, index: number): boolean {
    const order = this.orders[index]!;
    const [from, to, done] = {
      CancelOrder: [['PENDING', 'PAID', 'ASSEMBLED'], 'CANCELLING', ['CANCELLING', 'CANCELLED']],
      AssembleOrder: [['PAID'], 'ASSEMBLED', ['ASSEMBLED']],
      ShipOrder: [['ASSEMBLED'], 'SHIPPED', ['SHIPPED']],
      DeliverOrder: [['SHIPPED'], 'DELIVERED', ['DELIVERED']],
    }[action] as [State[], State, State[]];
    if (done.includes(order.state)) return true;
    if (!from.includes(order.state)) return false;
    this.#move(order, to);
    if (action === 'CancelOrder') this.#write('orders', 'PaymentCancellationRequested', index);
    return true;
  }

  deliver(message: ModelMessage): void {
    const order = this.orders[message.order]!;
    if (message.from === 'payments') return this.#takeResult(order, message.type);
    if (this.#taken.has(message)) return;
    this.#taken.add(message);
    if (message.type === 'PaymentRequested') this.#pay(order);
    else this.#undo(order);
    const { payment } = order;
    const undoing = message.type === 'PaymentCancellationRequested';
    const answer = {
      CAPTURED: 'PaymentCaptured',
      FAILED: undoing ? 'PaymentVoided' : 'PaymentFailed',
      VOIDED: 'PaymentVoided',
      REFUNDED: 'PaymentRefunded',
      none: '',
    }[payment];
    this.#write('payments', answer, message.order);
  }

  #pay(order: ModelOrder): void {
    if (order.payment !== 'none') return;
    const enough = this.balance !== undefined && this.balance >= order.amountMinor;
    order.payment = enough ? 'CAPTURED' : 'FAILED';
    if (enough) this.#book(-order.amountMinor);
  }

  #undo(order: ModelOrder): void {
    if (order.payment === 'none') order.payment = 'VOIDED';
    if (order.payment !== 'CAPTURED') return;
    order.payment = 'REFUNDED';
    this.#book(order.amountMinor);
  }

  #takeResult(order: ModelOrder, type: string): void {
    const pending = order.state === 'PENDING';
    if (pending && type === 'PaymentCaptured') this.#move(order, 'PAID');
    if (pending && type === 'PaymentFailed') this.#move(order, 'FAILED');
    const undone = type === 'PaymentVoided' || type === 'PaymentRefunded';
    if (order.state === 'CANCELLING' && undone) this.#move(order, 'CANCELLED');
  }

  #move(order: ModelOrder, state: State): void {
    order.state = state;
    order.version += 1n;
  }

  #book(amountMinor: bigint): void {
    this.balance = this.balance! + amountMinor;
    this.entries += 1n;
  }

  #write(from: ModelMessage['from'], type: string, order: number): void {
    const place = this.messages.filter((other) => other.from === from && other.order === order);
    this.messages.push({ from, type, order, place: place.length });
  }
}
