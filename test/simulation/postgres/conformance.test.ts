import fc from 'fast-check';
import * as assert from 'uvu/assert';
import { isPublished as isPublishedSql } from '#lib/outbox/is-published.ts';
import { serviceDatabase, type TestDatabaseHandle } from '#test/harness/service.ts';
import { progress } from '#test/harness/progress.ts';
import { suite } from '#test/harness/suite.ts';
import { migrations as ordersMigrations } from '../../../services/orders/schema/migrations.ts';
import { migrations as paymentsMigrations } from '../../../services/payments/schema/migrations.ts';
import type { Engine, StatementModel } from './engine.ts';
import {
  newMemory,
  type Operation,
  ordersOperations,
  paymentsOperations,
  timeZero,
  users,
} from './operations.ts';
import { OrdersTables, ordersStatements } from './orders-model.ts';
import { isPublished, type OutboxTables } from './outbox-tables.ts';
import { PaymentsTables, paymentsStatements } from './payments-model.ts';
import { modelSessions, realSessions, sessionCount, type SideSession } from './sides.ts';

const test = suite('the model of PostgreSQL against PostgreSQL');

type Action = { session: number; name: string; a: number; b: number; c: number };

const small = fc.nat(19);

/** Operations, with transactions around some of them and time that passes in between. */
function actionsOf(operations: Record<string, Operation>): fc.Arbitrary<Action[]> {
  const names = Object.keys(operations);
  const name = fc.oneof(
    { weight: 16, arbitrary: fc.constantFrom(...names) },
    { weight: 6, arbitrary: fc.constant('begin') },
    { weight: 4, arbitrary: fc.constantFrom('commit', 'commit', 'commit', 'roll back') },
    { weight: 1, arbitrary: fc.constant('time passes') },
  );
  const session = fc.nat(sessionCount - 1);
  const action = fc.record({ session, name, a: small, b: small, c: small });
  return fc.array(action, { minLength: 30, maxLength: 50, size: 'max' });
}

/** Long enough that everything that waits is due, however its pause was jittered. */
const passMs = 600_000;

interface Side {
  sessions: SideSession[];
  memory: ReturnType<typeof newMemory>[];
}

type Told = { value: unknown } | { error: string };

/** A statement that waits for a lock, on both sides. */
interface Blocked {
  real: Promise<Told>;
  model: Promise<Told>;
  name: string;
}

/** Plays the same actions on both sides; every answer, and every wait, must be the same. */
class Comparison {
  readonly #real: Side;
  readonly #model: Side;
  readonly #operations: Record<string, Operation>;
  readonly #open: boolean[] = [];
  readonly #blocked = new Map<number, Blocked>();
  /** How often a statement waited, over all sequences. */
  waits = 0;
  errors = 0;

  constructor(real: SideSession[], model: SideSession[], operations: Record<string, Operation>) {
    const side = (sessions: SideSession[]) => ({ sessions, memory: sessions.map(newMemory) });
    this.#real = side(real);
    this.#model = side(model);
    this.#operations = operations;
  }

  async play(actions: readonly Action[]): Promise<void> {
    for (const [step, action] of actions.entries()) {
      if (this.#blocked.has(action.session)) continue;
      await this.#take(step, action);
    }
    for (let round = 0; round < sessionCount; round += 1) {
      for (let session = 0; session < sessionCount; session += 1) {
        if (!this.#blocked.has(session)) await this.#end(session, 'commit');
      }
    }
  }

  async #take(step: number, { session, name, a, b, c }: Action): Promise<void> {
    if (name === 'begin') {
      if (this.#open[session]) return;
      this.#open[session] = true;
      await this.#both(session, (it) => it.begin());
    } else if (name === 'commit' || name === 'roll back') {
      await this.#end(session, name);
    } else if (name === 'time passes') {
      for (const side of [this.#real, this.#model]) {
        for (const memory of side.memory) memory.nowMs += passMs;
      }
    } else {
      await this.#operate(session, name, { step, a, b, c });
    }
  }

  async #operate(session: number, name: string, choice: Parameters<Operation>[1]): Promise<void> {
    // Several statements outside of a transaction would see each other's commits in between.
    const run = ({ sessions, memory }: Side) => {
      const { tx } = sessions[session]!;
      return told(this.#operations[name]!(tx, choice, memory[session]!));
    };
    const model = run(this.#model);
    if (await this.#isDeadlock(session, model)) return;
    const real = run(this.#real);
    const isBlocked = await this.#isBlocked(session, { model, real, name });
    if (isBlocked) {
      this.waits += 1;
      this.#blocked.set(session, { real, model, name });
      return;
    }
    await this.#compare(session, { real, model, name });
  }

  /** PostgreSQL finds a deadlock after a second, and chooses who has to give way: not played. */
  async #isDeadlock(session: number, model: Promise<Told>): Promise<boolean> {
    const state = await stateOf(model, this.#model.sessions[session]!.isBlocked);
    if (state === 'waits') return false;
    const answer = await model;
    if (!('error' in answer) || !answer.error.startsWith('40P01')) return false;
    await this.#end(session, 'roll back');
    return true;
  }

  async #isBlocked(session: number, { model, real, name }: Blocked): Promise<boolean> {
    const { isBlocked } = this.#model.sessions[session]!;
    const expected = await stateOf(model, isBlocked);
    const found = await stateOf(real, this.#real.sessions[session]!.isBlocked);
    const both =
      expected === found ? undefined : [await settledText(model), await settledText(real)];
    assert.is(found, expected, `${name}: PostgreSQL ${found}, the model ${expected}; ${both}`);
    return expected === 'waits';
  }

  async #compare(session: number, { real, model, name }: Blocked): Promise<void> {
    const [found, expected] = [await real, await model];
    const both = `PostgreSQL ${textOf(found)}, the model ${textOf(expected)}`;
    assert.equal(found, expected, `${name} in session ${session}: ${both}`);
    if (!('error' in found)) return;
    this.errors += 1;
    if (this.#open[session]) await this.#end(session, 'roll back');
  }

  async #end(session: number, how: 'commit' | 'roll back'): Promise<void> {
    if (!this.#open[session]) return;
    this.#open[session] = false;
    await this.#both(session, (it) => (how === 'commit' ? it.commit() : it.rollBack()));
    for (const [other, blocked] of this.#blocked) {
      if (await this.#isBlocked(other, blocked)) continue;
      this.#blocked.delete(other);
      await this.#compare(other, blocked);
    }
  }

  async #both(session: number, act: (on: SideSession) => Promise<void>): Promise<void> {
    for (const { sessions } of [this.#model, this.#real]) await act(sessions[session]!);
  }
}

async function told(operation: Promise<unknown>): Promise<Told> {
  try {
    return { value: (await operation) ?? null };
  } catch (error) {
    const { name, code, constraint = '' } = error as Error & { code: string; constraint?: string };
    // An error of our own code is told by its name, one of the server by its code.
    if (code === undefined && !/^(ConflictError|RangeError)$/.test(name)) throw error;
    return { error: code === undefined ? name : `${code} ${constraint}`.trim() };
  }
}

/** Whether it answers or waits for a lock. */
async function stateOf(
  answer: Promise<unknown>,
  isBlocked: () => Promise<boolean>,
): Promise<'answers' | 'waits'> {
  let answered = false;
  void answer.then(
    () => (answered = true),
    () => (answered = true),
  );
  for (;;) {
    const blocked = await isBlocked();
    if (answered) return 'answers';
    if (blocked) return 'waits';
  }
}

async function settledText(answer: Promise<unknown>): Promise<string> {
  const late = new Promise((resolve) => setTimeout(resolve, 100, 'nothing yet'));
  return textOf(await Promise.race([answer, late]));
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_, part) => (typeof part === 'bigint' ? String(part) : part));
}

type Look = (text: string) => Promise<any[]>;

/** What is in the tables in the end, on one side. */
interface Contents {
  ofModel(): unknown;
  ofServer(look: Look): Promise<unknown>;
}

function outboxContents(tables: OutboxTables, engine: Engine) {
  const at = { engine, transaction: engine.begin(), snapshot: Number.POSITIVE_INFINITY };
  const relay = tables.relay.latest('')!;
  const rows = tables.outbox.committed().map((row) => {
    return `${row.eventId} ${row.publication} ${isPublished(at, row, relay)}`;
  });
  engine.rollBack(at.transaction);
  const letters = tables.deadLetters.committed();
  return [rows.sort(), letters.map((it) => `${it.source} ${it.eventId} ${it.deliveries}`).sort()];
}

async function outboxContentsOf(look: Look) {
  const rows = await look(`
    select o.event_id || ' ' || o.publication || ' ' || ${isPublishedSql}::text as text
    from outbox o cross join outbox_relay r`);
  const letters = await look(`
    select concat(source, ' ', coalesce(event_id::text, 'null'), ' ', deliveries) as text
    from dead_letters`);
  return [rows, letters].map((list) => list.map(({ text }) => text).sort());
}

const texts = async (look: Look, query: string) =>
  (await look(query)).map(({ text }) => text as string).sort();

/** Plays 40 sequences on fresh tables; fails on the first difference, shrunk. */
async function compareAll(options: {
  database: TestDatabaseHandle;
  operations: Record<string, Operation>;
  empty: string;
  fresh(): { models: Record<string, StatementModel>; contents(engine: Engine): Contents };
}): Promise<{ waits: number; errors: number }> {
  const { operations } = options;
  const server = await realSessions(options.database);
  const look: Look = async (text) => (await server.look.query(text)).rows;
  const sum = { waits: 0, errors: 0 };
  try {
    const property = fc.asyncProperty(actionsOf(operations), async (actions) => {
      await server.look.query(options.empty);
      const { models, contents } = options.fresh();
      const { engine, sessions } = modelSessions(models);
      const comparison = new Comparison(server.sessions, sessions, operations);
      try {
        await comparison.play(actions);
      } finally {
        for (const session of server.sessions) await session.rollBack();
      }
      const { ofModel, ofServer } = contents(engine);
      assert.equal(await ofServer(look), ofModel());
      sum.waits += comparison.waits;
      sum.errors += comparison.errors;
    });
    const numRuns = 40;
    await fc.assert(property, { numRuns, endOnFailure: true, includeErrorInReport: true });
  } finally {
    await server.close();
  }
  return sum;
}

const freshRelay = `
  delete from outbox_relay;
  insert into outbox_relay default values;`;

test(
  'the statements of Orders answer, wait, fail and leave behind the same',
  async () => {
    const database = await serviceDatabase('orders', ordersMigrations);
    const { waits, errors } = await compareAll({
      database,
      operations: ordersOperations,
      empty: `truncate orders, order_events, requests, outbox, dead_letters;
        update reconciler set failures = 0, next_round_time = '-infinity'; ${freshRelay}`,
      fresh() {
        const tables = new OrdersTables();
        const contents = (engine: Engine) => ({
          ofModel: () => [ordersOf(tables), ...outboxContents(tables, engine)],
          ofServer: async (look: Look) => [
            [
              ...(await texts(look, orderTexts)),
              ...(await texts(look, stepTexts)),
              ...(await texts(look, keyTexts)),
            ],
            ...(await outboxContentsOf(look)),
          ],
        });
        return { models: ordersStatements(tables), contents };
      },
    });
    await database.close();
    progress.note(`${waits} waits, ${errors} errors`);
    assert.ok(waits > 0 && errors > 0, `${waits} waits, ${errors} errors`);
  },
  { timeoutMs: 120_000 },
);

const orderTexts = `
  select concat_ws(' ', id, state, failure_reason, version, checks, carrier) as text from orders`;
const stepTexts = `
  select concat_ws(' ', order_id, version, event_id, from_state, to_state) as text
  from order_events`;
const keyTexts = "select concat_ws(' ', user_id, request_id, order_id) as text from requests";

function ordersOf({ orders, steps, requests }: OrdersTables): string[] {
  const text = (...parts: unknown[]) => parts.filter((it) => it !== null).join(' ');
  const rows = orders.committed().map((it) => {
    return text(it.id, it.state, it.failureReason, it.version, it.checks, it.carrier ?? null);
  });
  const history = steps.committed().map((it) => {
    return text(it.orderId, it.version, it.eventId, it.fromState, it.toState);
  });
  const keys = requests.committed().map((it) => text(it.userId, it.requestId, it.orderId));
  return [...rows.sort(), ...history.sort(), ...keys.sort()];
}

const accountAt = (place: number) => `0c0c0c0c-0000-7000-8000-00000000000${place}`;

test(
  'the statements of Payments answer, wait, fail and leave behind the same',
  async () => {
    const database = await serviceDatabase('payments', paymentsMigrations);
    const accounts = users.map((user, place) => {
      return `('${accountAt(place)}', '${user}', 'USD', 100, 0, now(), now())`;
    });
    const { waits, errors } = await compareAll({
      database,
      operations: paymentsOperations,
      empty: `truncate accounts, transfers, payments, inbox, requests, outbox, dead_letters;
        insert into accounts (id, user_id, currency_code, balance_minor, ledger_version,
          create_time, update_time) values ${accounts.join(', ')}; ${freshRelay}`,
      fresh() {
        const tables = new PaymentsTables();
        const time = new Date(timeZero);
        for (const [place, userId] of users.entries()) {
          const money = { currencyCode: 'USD', balanceMinor: 100n, ledgerVersion: 0n };
          const times = { createTime: time, updateTime: time };
          tables.accounts.preset(userId, { id: accountAt(place), userId, ...money, ...times });
        }
        const contents = (engine: Engine) => ({
          ofModel: () => [paymentsOf(tables), ...outboxContents(tables, engine)],
          async ofServer(look: Look) {
            const rows: string[] = [];
            for (const query of paymentTexts) rows.push(...(await texts(look, query)));
            return [rows, ...(await outboxContentsOf(look))];
          },
        });
        return { models: paymentsStatements(tables), contents };
      },
    });
    await database.close();
    progress.note(`${waits} waits, ${errors} errors`);
    assert.ok(waits > 0 && errors > 0, `${waits} waits, ${errors} errors`);
  },
  { timeoutMs: 120_000 },
);

const paymentTexts = [
  "select concat_ws(' ', user_id, balance_minor, ledger_version) as text from accounts",
  `select concat_ws(' ', account_id, ledger_version, kind, amount_minor, balance_after_minor,
    order_id) as text from transfers`,
  "select concat_ws(' ', order_id, state, failure_reason, ledger_version) as text from payments",
  'select event_id::text as text from inbox',
  "select concat_ws(' ', user_id, request_id, ledger_version) as text from requests",
];

function paymentsOf(tables: PaymentsTables): string[] {
  const text = (...parts: unknown[]) => parts.filter((it) => it !== null).join(' ');
  const lists = [
    tables.accounts.committed().map((it) => text(it.userId, it.balanceMinor, it.ledgerVersion)),
    tables.transfers.committed().map((it) => {
      const { accountId, ledgerVersion, kind, amountMinor, balanceAfterMinor, orderId } = it;
      return text(accountId, ledgerVersion, kind, amountMinor, balanceAfterMinor, orderId);
    }),
    tables.payments.committed().map((it) => {
      return text(it.orderId, it.state, it.failureReason, it.ledgerVersion);
    }),
    tables.inbox.committed().map(({ eventId }) => eventId),
    tables.requests.committed().map((it) => text(it.userId, it.requestId, it.ledgerVersion)),
  ];
  return lists.flatMap((list) => list.sort());
}

test.run();
