import pg from 'pg';
import { setImmediate as turn, setTimeout as sleep } from 'node:timers/promises';
import { transactionOn, type Tx } from '#lib/pg/transaction.ts';
import { Engine, type StatementModel, type Transaction } from './engine.ts';

/** One of two sessions of a server, the real one or the model. */
export interface SideSession {
  /** The handle of the open transaction, or of single statements when none is open. */
  tx: Tx;
  begin(): Promise<void>;
  commit(): Promise<void>;
  rollBack(): Promise<void>;
  /** Whether its statement waits for a lock; asked while it has not answered. */
  isBlocked(): Promise<boolean>;
}

export const sessionCount = 2;

/** Sessions of the service's role on the real server, and one of the superuser to look at them. */
export async function realSessions({
  url,
  superuserUrl,
}: {
  url: string;
  superuserUrl: string;
}): Promise<{ sessions: SideSession[]; look: pg.Client; close(): Promise<void> }> {
  const connect = async (connectionString: string) => {
    const client = new pg.Client({ connectionString });
    await client.connect();
    return client;
  };
  const look = await connect(superuserUrl);
  const clients = await Promise.all(Array.from({ length: sessionCount }, () => connect(url)));
  const sessions = await Promise.all(clients.map((client) => realSession(client, look)));
  const close = async () => {
    for (const client of [look, ...clients]) await client.end();
  };
  return { sessions, look, close };
}

async function realSession(client: pg.Client, look: pg.Client): Promise<SideSession> {
  const { rows } = await client.query('select pg_backend_pid() as pid');
  // The table of locks, which a commit changes at once; who waited may wake up much later.
  const waits = 'select cardinality(pg_blocking_pids($1)) > 0 as waits';
  return {
    tx: transactionOn(client as unknown as pg.PoolClient),
    begin: async () => void (await client.query('begin')),
    commit: async () => void (await client.query('commit')),
    rollBack: async () => void (await client.query('rollback')),
    async isBlocked() {
      // Twice: growing a file is a lock as well, and over at once.
      for (const pauseMs of [2, 12]) {
        await sleep(pauseMs);
        const { rows: found } = await look.query(waits, [rows[0].pid]);
        if (!found[0].waits) return false;
      }
      return true;
    },
  };
}

/** The same sessions on the model. */
export function modelSessions(models: Readonly<Record<string, StatementModel>>): {
  engine: Engine;
  sessions: SideSession[];
} {
  const engine = new Engine({ models, clockMs: Date.now, random: Math.random });
  return { engine, sessions: Array.from({ length: sessionCount }, () => modelSession(engine)) };
}

function modelSession(engine: Engine): SideSession {
  let open: Transaction | undefined;
  const execute = (transaction: Transaction, name: string, values: readonly unknown[]) =>
    new Promise<unknown[]>((resolve, reject) => {
      engine.execute(transaction, name, values, (error, rows) =>
        error ? reject(error) : resolve(rows),
      );
    });
  const single = async (name: string, values: readonly unknown[]) => {
    const transaction = engine.begin();
    try {
      const rows = await execute(transaction, name, values);
      engine.commit(transaction);
      return rows;
    } catch (error) {
      engine.rollBack(transaction);
      throw error;
    }
  };
  return {
    tx: {
      query: <Row>({ name }: { name: string }, values: readonly unknown[]) =>
        (open ? execute(open, name, values) : single(name, values)) as Promise<Row[]>,
    },
    async begin() {
      open = engine.begin();
    },
    async commit() {
      if (open) engine.commit(open);
      open = undefined;
    },
    async rollBack() {
      if (open) engine.rollBack(open);
      open = undefined;
    },
    async isBlocked() {
      await turn();
      return true;
    },
  };
}
