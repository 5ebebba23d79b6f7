import { BooksIndex } from './books-index.ts';
import type {
  Anomaly,
  AnomalyKind,
  Books,
  LedgerEntry,
  Operation,
  OrderCreation,
} from './history.ts';

/**
 * Whether what concurrent clients have seen fits one history, that of the books: every balance and
 * every state is that of its version, no answer is older than what was known when it was asked for
 * and none is from the future, what was answered has happened once, what was refused has not.
 *
 * The versions of accounts and orders tell in which order things happened, so nothing has to be
 * searched for ("recoverable" histories; Kingsbury and Alvaro, Elle, VLDB 2020): each operation is
 * looked at once, in the order of its question and in the order of its answer. That is linear, but
 * for the sorting.
 */
export function checkHistory(history: readonly Operation[], books: Books): Anomaly[] {
  const anomalies: Anomaly[] = [];
  const note = (kind: AnomalyKind, what: string) => anomalies.push({ kind, what });
  const index = new BooksIndex(books);
  for (const what of index.brokenChains()) note('broken chain', what);
  for (const operation of history) checkEffect(operation, index, note);
  for (const what of index.unasked(history)) note('unasked', what);
  checkValues(history, index, note);
  checkTimes(history, index, note);
  return anomalies;
}

type Note = (kind: AnomalyKind, what: string) => void;

/** What was answered is there, and what was refused is not. */
function checkEffect(operation: Operation, index: BooksIndex, note: Note): void {
  if (operation.op !== 'create' && operation.op !== 'topUp') return;
  const { op, userId, key, outcome } = operation;
  const used = index.use(userId, key);
  const name = `${op} ${key} of ${userId}`;
  if (outcome === 'unknown') note('unresolved', name);
  if (outcome === 'refused' && used) note('unasked', `${name} was refused and has happened`);
  if (outcome !== 'ok') return;
  if (!used) return note('lost', `${name} was answered and nobody knows its key`);
  if (op === 'create' && used.orderId !== operation.orderId) {
    note('torn', `${name} was answered with ${operation.orderId} and is ${used.orderId}`);
  }
  if (op === 'create' && !index.orderAt(operation.orderId!, 1n)) {
    note('lost', `${name}: the order ${operation.orderId} is gone`);
  }
  if (op === 'create' && index.entriesOf(operation.orderId!).some(isOfOther(operation))) {
    note('torn', `${name}: another amount or wallet than ${operation.amountMinor} was moved`);
  }
  if (op === 'topUp' && used.version !== operation.version) {
    note('torn', `${name} was answered with version ${operation.version}, not ${used.version}`);
  }
}

function isOfOther({ userId, amountMinor }: OrderCreation) {
  return (entry: LedgerEntry) => entry.userId !== userId || entry.amountMinor !== amountMinor;
}

/** What was read of a version is what the books have of it. */
function checkValues(history: readonly Operation[], index: BooksIndex, note: Note): void {
  for (const operation of history) {
    if (operation.outcome !== 'ok' || operation.version === undefined) continue;
    const { op, userId, version } = operation;
    if (op === 'account' || op === 'topUp') {
      const balance = version === 0n ? 0n : index.entryAt(userId, version)?.balanceAfterMinor;
      const what = `${userId} at ${version}: ${operation.balanceMinor} was read, ${balance} booked`;
      if (balance === undefined) note('future', what);
      else if (balance !== operation.balanceMinor) note('torn', what);
    } else {
      const orderId = operation.orderId!;
      const state = index.orderAt(orderId, version)?.state;
      const what = `order ${orderId} at ${version}: ${operation.state} was read, is ${state}`;
      if (state === undefined) note('future', what);
      else if (state !== operation.state) note('torn', what);
    }
  }
}

/** Something that a client knew at a moment: the thing has at least that version. */
interface Moment {
  atMs: number;
  thing: string;
  version: bigint;
  /** An answer makes it known, a question must not be answered with less. */
  isAnswer: boolean;
  operation: Operation;
}

/**
 * Walks over all questions and answers in their order. An answer tells everybody the version of its
 * thing, and an order that is PAID the entry that paid for it; a question asked after that must not
 * be answered with less.
 */
function checkTimes(history: readonly Operation[], index: BooksIndex, note: Note): void {
  const moments = history.flatMap((operation) => momentsOf(operation, index));
  // At one and the same moment the question comes first: the two may have been concurrent.
  moments.sort((a, b) => a.atMs - b.atMs || Number(a.isAnswer) - Number(b.isAnswer));
  const known = new Map<string, bigint>();
  for (const { thing, version, isAnswer, operation } of moments) {
    const before = known.get(thing) ?? 0n;
    if (isAnswer) {
      if (version > before) known.set(thing, version);
    } else if (before > version) {
      const asked = `${operation.op} of ${thing}`;
      note('stale', `${asked} was answered with ${version}, and ${before} was known before`);
    }
  }
  checkFuture(history, index, note);
}

function momentsOf(operation: Operation, index: BooksIndex): Moment[] {
  const { op, userId, startMs, endMs, version, outcome } = operation;
  if (outcome !== 'ok' || version === undefined) return [];
  const isAccount = op === 'account' || op === 'topUp';
  const thing = isAccount ? userId : operation.orderId!;
  const moments: Moment[] = [{ atMs: endMs, thing, version, isAnswer: true, operation }];
  // What a replayed top-up is answered with is what the account was then, not what it is now.
  if (op !== 'topUp') moments.push({ atMs: startMs, thing, version, isAnswer: false, operation });
  if (isAccount || operation.state === undefined) return moments;
  // Whoever has seen that an order is paid, or its money back, sees that in the balance as well.
  for (const entry of index.entriesOf(operation.orderId!)) {
    const isSeen =
      entry.kind === 'PAYMENT' ? isPaid(operation.state) : operation.state === 'CANCELLED';
    if (!isSeen) continue;
    moments.push({
      atMs: endMs,
      thing: entry.userId,
      version: entry.version,
      isAnswer: true,
      operation,
    });
  }
  return moments;
}

/** No balance contains an entry that nobody had asked for when the balance was answered. */
function checkFuture(history: readonly Operation[], index: BooksIndex, note: Note): void {
  const askedAt = new Map<string, number>();
  for (const operation of history) {
    if (operation.op !== 'create' && operation.op !== 'topUp') continue;
    const used = index.use(operation.userId, operation.key);
    const entries =
      used?.orderId === undefined
        ? [index.entryAt(operation.userId, used?.version ?? 0n)]
        : index.entriesOf(used.orderId);
    for (const entry of entries) {
      if (entry) askedAt.set(`${entry.userId} ${entry.version}`, operation.startMs);
    }
  }
  // The earliest that version n can be seen is when the last of 1 to n was asked for.
  const earliest = index.runningMax((entry) => askedAt.get(`${entry.userId} ${entry.version}`));
  for (const operation of history) {
    if (operation.op !== 'account' || operation.outcome !== 'ok') continue;
    const since = earliest.get(`${operation.userId} ${operation.version}`);
    if (since === undefined || since <= operation.endMs) continue;
    note('future', `${operation.userId} saw version ${operation.version} before it was asked for`);
  }
}

function isPaid(state: string): boolean {
  return ['PAID', 'ASSEMBLED', 'SHIPPED', 'DELIVERED'].includes(state);
}
