import { WebSocket } from 'ws';
import { eventually } from '#test/harness/service.ts';

/**
 * A client as docs/live.md asks for one: it comes back with its last token whenever its WebSocket
 * ends, and notes whatever it was promised not to see.
 */
export class LiveClient {
  /** What a stream must never do, in words; empty when it kept its promises. */
  readonly problems: string[] = [];
  connections = 0;
  snapshots = 0;
  balance: string | undefined;
  readonly #userId: string | undefined;
  readonly #ports: readonly number[];
  readonly #query: string;
  readonly #orders = new Map<string, { states: string[]; version: bigint }>();
  #socket: WebSocket | undefined;
  #resumeToken = '';
  #number = 0n;
  #ledgerVersion = -1n;
  #isLive = false;
  #closed = false;

  constructor(userId: string | undefined, ports: readonly number[], query = '') {
    this.#userId = userId;
    this.#ports = ports;
    this.#query = query;
    this.#connect();
  }

  /** Resolves when the first message of the present connection is there. */
  async connected(): Promise<void> {
    await eventually(
      async () => this.#isLive,
      (isLive) => isLive,
      20_000,
    );
  }

  /** Resolves when the client knows the order in that state. */
  async sees(order: string, state: string): Promise<void> {
    await eventually(
      async () => this.statesOf(order),
      (states) => states.at(-1) === state,
      30_000,
    );
  }

  statesOf(order: string): string[] {
    return this.#orders.get(order)?.states ?? [];
  }

  /** Loses the connection, as a tunnel on the way would. */
  cut(): void {
    this.#isLive = false;
    this.#socket?.terminate();
  }

  close(): void {
    this.#closed = true;
    this.#socket?.close();
  }

  #connect(): void {
    const port = this.#ports[Math.floor(Math.random() * this.#ports.length)];
    const headers = this.#userId === undefined ? {} : { 'x-user-id': this.#userId };
    const url = `ws://127.0.0.1:${port}/v1/live${this.#query}`;
    const socket = new WebSocket(url, { headers });
    this.#socket = socket;
    socket.on('open', () => {
      this.connections += 1;
      socket.send(JSON.stringify({ resumeToken: this.#resumeToken }));
    });
    socket.on('message', (data) => {
      if (this.#socket === socket) this.#take(JSON.parse(String(data)));
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.#isLive = false;
      if (!this.#closed) setTimeout(() => this.#connect(), 20 + Math.random() * 100);
    });
  }

  #take(message: any): void {
    const number = BigInt(message.number);
    const { kind, orders, account } = message;
    const expected = kind === 'HEARTBEAT' ? this.#number : this.#number + 1n;
    if (kind === 'SNAPSHOT') {
      this.snapshots += 1;
      if (number < this.#number) this.#note(`snapshot ${number} after ${this.#number}`);
    } else if (number !== expected) {
      this.#note(`${kind} ${number} after ${this.#number}`);
    }
    this.#number = number;
    this.#resumeToken = message.resumeToken;
    for (const order of orders) this.#takeOrder(order);
    if (account) this.#takeAccount(account);
    this.#isLive = true;
  }

  #takeOrder({ name, state, version: text }: any): void {
    const version = BigInt(text);
    const known = this.#orders.get(name);
    if (!known) {
      this.#orders.set(name, { states: [state], version });
      return;
    }
    if (version < known.version) this.#note(`${name} went back to ${state}`);
    if (version <= known.version) return;
    known.version = version;
    known.states.push(state);
  }

  #takeAccount({ balance, ledgerVersion }: any): void {
    const version = BigInt(ledgerVersion ?? 0);
    if (version < this.#ledgerVersion) this.#note(`the account went back to ${version}`);
    this.#ledgerVersion = version;
    this.balance = balance.amountMinor;
  }

  #note(problem: string): void {
    this.problems.push(problem);
  }
}
