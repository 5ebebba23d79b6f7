// The form of a new order, as it is typed, and the order that it makes.
import type { Money, OrderInput, OrderLineInput } from '#sdk/src/index.ts';
import { amountMinorMax, readAmount } from '../text/read-amount.ts';

export interface LineText {
  /** Stays with the line when others go. */
  id: number;
  title: string;
  quantity: string;
  unitAmount: string;
}

export interface OrderText {
  mode: 'amount' | 'lines';
  amount: string;
  description: string;
  lines: readonly LineText[];
}

export const linesMax = 100;
export const descriptionMax = 500;
export const titleMax = 200;
const quantityMax = 10_000;

/** A whole number of 1 to 10,000; undefined for anything else. */
export function readQuantity(text: string): number | undefined {
  const quantity = Number(text.trim());
  return /^\d{1,5}$/.test(text.trim()) && quantity >= 1 && quantity <= quantityMax
    ? quantity
    : undefined;
}

/** What the form costs as far as it can be read; undefined while it cannot. */
export function totalOf(text: OrderText, currencyCode: string): Money | undefined {
  if (text.mode === 'amount') return readAmount(text.amount, currencyCode).amount;
  let amountMinor = 0n;
  for (const line of text.lines) {
    const quantity = readQuantity(line.quantity);
    const { amount } = readAmount(line.unitAmount, currencyCode, 0n);
    if (quantity === undefined || amount === undefined) return undefined;
    amountMinor += amount.amountMinor * BigInt(quantity);
  }
  return { currencyCode, amountMinor };
}

/** The order of the form; undefined when something in it is missing or wrong. */
export function readOrder(text: OrderText, currencyCode: string): OrderInput | undefined {
  const amount = totalOf(text, currencyCode);
  const inRange = amount && amount.amountMinor >= 1n && amount.amountMinor <= amountMinorMax;
  if (!inRange || text.description.length > descriptionMax) return undefined;
  const description = text.description.trim();
  if (text.mode === 'amount') return { amount, description };
  const lines = text.lines.map((line) => readLine(line, currencyCode));
  if (lines.includes(undefined)) return undefined;
  // The total goes along: the service refuses the order if it adds up to anything else.
  return { amount, description, lines: lines as OrderLineInput[] };
}

function readLine(line: LineText, currencyCode: string): OrderLineInput | undefined {
  const title = line.title.trim();
  const quantity = readQuantity(line.quantity);
  const { amount: unitAmount } = readAmount(line.unitAmount, currencyCode, 0n);
  const isTitle = title !== '' && title.length <= titleMax;
  if (!isTitle || quantity === undefined || unitAmount === undefined) return undefined;
  return { title, quantity, unitAmount };
}
