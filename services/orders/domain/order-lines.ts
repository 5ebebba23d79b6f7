interface Money {
  currencyCode: string;
  amountMinor: bigint;
}

/** A line as its caller wrote it. */
interface WantedLine {
  title: string;
  quantity: number;
  unitAmount?: Money | undefined;
  attributes?: Record<string, unknown> | undefined;
}

/** A line as it is kept, in JSON; its currency is the order's. */
export interface StoredLine {
  title: string;
  quantity: number;
  /** Decimal digits: a JSON number would lose some. */
  unitAmountMinor: string;
  attributes?: Record<string, unknown> | undefined;
}

const totalMinorMax = 1_000_000_000_000n;
const linesBytesMax = 65_536;

export interface Priced {
  amount: Money;
  lines: StoredLine[];
}

interface Violation {
  field: string;
  description: string;
}

/**
 * What an order costs: the total of its lines, or its amount when it has none. Returns what is
 * wrong instead when neither is there, when they disagree, when the lines are in several
 * currencies, too large together, or total nothing or too much.
 */
export function priceOrder(order: {
  amount?: Money | undefined;
  lines: readonly WantedLine[];
}): Priced | Violation[] {
  const { amount, lines } = order;
  const [first] = lines;
  if (!first) {
    return amount
      ? { amount, lines: [] }
      : [{ field: 'order.amount', description: 'is required of an order without lines' }];
  }
  const { currencyCode } = first.unitAmount!;
  const violations = lines.flatMap((line, index) => foreignCurrency(line, index, currencyCode));
  if (violations.length > 0) return violations;
  const amountMinor = lines.reduce((sum, line) => sum + lineAmountMinor(line), 0n);
  if (amountMinor < 1n || amountMinor > totalMinorMax) {
    const description = `must total 1 to ${totalMinorMax} minor units; they total ${amountMinor}`;
    return [{ field: 'order.lines', description }];
  }
  if (amount && (amount.currencyCode !== currencyCode || amount.amountMinor !== amountMinor)) {
    const total = `${amountMinor} minor units of ${currencyCode}`;
    const description = `must be left out, or be the total of the lines: ${total}`;
    return [{ field: 'order.amount', description }];
  }
  const stored = lines.map(storedLine);
  if (Buffer.byteLength(JSON.stringify(stored)) > linesBytesMax) {
    const description = `must have at most ${linesBytesMax} bytes as JSON together`;
    return [{ field: 'order.lines', description }];
  }
  return { amount: { currencyCode, amountMinor }, lines: stored };
}

function foreignCurrency({ unitAmount }: WantedLine, index: number, expected: string): Violation[] {
  if (unitAmount!.currencyCode === expected) return [];
  const field = `order.lines[${index}].unit_amount.currency_code`;
  return [{ field, description: `must be ${expected}, the currency of the first line` }];
}

function lineAmountMinor({ quantity, unitAmount }: WantedLine): bigint {
  return BigInt(quantity) * unitAmount!.amountMinor;
}

function storedLine({ title, quantity, unitAmount, attributes }: WantedLine): StoredLine {
  const unitAmountMinor = String(unitAmount!.amountMinor);
  return { title, quantity, unitAmountMinor, ...(attributes && { attributes }) };
}
