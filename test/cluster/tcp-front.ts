import { connect, createServer, type Server, type Socket } from 'node:net';
import { once } from 'node:events';

/**
 * One address before several, as the Service of Kubernetes or a balancer is: each new connection
 * goes to the next target that takes it.
 */
export class TcpFront {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #targets: readonly number[] = [];
  #turn = 0;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (socket) => this.#join(socket));
  }

  static async open(targets: readonly number[]): Promise<TcpFront> {
    const server = createServer({ noDelay: true });
    const front = new TcpFront(server.listen(0, '127.0.0.1'));
    front.point(targets);
    await once(server, 'listening');
    return front;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Ports of this machine for connections from now on; those that there are stay. */
  point(targets: readonly number[]): void {
    this.#targets = targets;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #join(caller: Socket): void {
    this.#keep(caller);
    this.#turn += 1;
    const { length } = this.#targets;
    const order = this.#targets.map((_, index) => this.#targets[(this.#turn + index) % length]!);
    this.#reach(caller, order);
  }

  #reach(caller: Socket, [port, ...others]: readonly number[]): void {
    if (port === undefined || caller.destroyed) return void caller.destroy();
    const target = connect({ host: '127.0.0.1', port, noDelay: true });
    const next = () => this.#reach(caller, others);
    target.once('error', next);
    target.once('connect', () => {
      target.off('error', next);
      this.#keep(target);
      caller.pipe(target).pipe(caller);
      caller.once('close', () => target.destroy());
      target.once('close', () => caller.destroy());
    });
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => {});
    socket.once('close', () => this.#sockets.delete(socket));
  }
}
