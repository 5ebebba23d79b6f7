import { readTimestamp } from '#lib/contract/read-json.ts';
import { PurserError } from '#lib/errors/purser-error.ts';

/** A field that a list may be filtered by: one of some names, or a time. */
export interface FilterField {
  /** Property of the entity that holds it. */
  property: string;
  /** The names that it can have; a time when left out. */
  names?: readonly string[];
}

export type FilterFields = Readonly<Record<string, FilterField>>;

/** A condition in MikroORM's words. */
export type Condition =
  | { $and: Condition[] }
  | { $or: Condition[] }
  | { [property: string]: Record<string, string | Date> };

interface Token {
  kind: 'word' | 'quoted' | 'operator' | 'open' | 'close';
  text: string;
  /** Its first character, from 1. */
  at: number;
}

const tokenKinds = [
  /(?<open>\()/,
  /(?<close>\))/,
  /(?<operator><=|>=|!=|=|<|>)/,
  /"(?<quoted>[^"]*)"/,
  /(?<word>[^\s()<>=!"]+)/,
];
const tokenPattern = `\\s*(?:${tokenKinds.map(({ source }) => source).join('|')})`;

const operators: Readonly<Record<string, string>> = {
  '=': '$eq',
  '!=': '$ne',
  '<': '$lt',
  '<=': '$lte',
  '>': '$gt',
  '>=': '$gte',
};

/**
 * Reads a filter of AIP-160 (https://google.aip.dev/160), as far as it compares fields:
 * comparisons joined by AND and OR, of which OR binds closer, and parentheses. Undefined for an
 * empty one. Throws INVALID_REQUEST that says what is wrong, and where.
 */
export function parseFilter(text: string, fields: FilterFields): Condition | undefined {
  const tokens = tokensOf(text);
  if (tokens.length === 0) return undefined;
  const parser = new Parser(tokens, fields);
  const condition = parser.expression();
  parser.end();
  return condition;
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  const end = text.trimEnd().length;
  const pattern = new RegExp(tokenPattern, 'uy');
  while (pattern.lastIndex < end) {
    const from = pattern.lastIndex;
    const match = pattern.exec(text);
    if (!match) throw refusal(`cannot be read from character ${from + 1} on`);
    const [kind, value] = Object.entries(match.groups ?? {}).find(
      ([, part]) => part !== undefined,
    )!;
    const blanks = match[0].length - match[0].trimStart().length;
    tokens.push({ kind: kind as Token['kind'], text: value, at: from + blanks + 1 });
  }
  return tokens;
}

/** expression: factor AND factor …; factor: term OR term …; term: comparison or (expression). */
class Parser {
  readonly #tokens: readonly Token[];
  readonly #fields: FilterFields;
  #next = 0;

  constructor(tokens: readonly Token[], fields: FilterFields) {
    this.#tokens = tokens;
    this.#fields = fields;
  }

  expression(): Condition {
    const factors = this.#joined('AND', () => this.#factor());
    return factors.length > 1 ? { $and: factors } : factors[0]!;
  }

  end(): void {
    const token = this.#tokens[this.#next];
    if (token) throw refusal(`needs AND or OR before "${token.text}" ${placeOf(token)}`);
  }

  #factor(): Condition {
    const terms = this.#joined('OR', () => this.#term());
    return terms.length > 1 ? { $or: terms } : terms[0]!;
  }

  #joined(keyword: string, part: () => Condition): Condition[] {
    const parts = [part()];
    while (this.#take('word', keyword)) parts.push(part());
    return parts;
  }

  #term(): Condition {
    if (!this.#take('open')) return this.#comparison();
    const inner = this.expression();
    if (!this.#take('close')) throw refusal('lacks a closing parenthesis');
    return inner;
  }

  #comparison(): Condition {
    const name = this.#take('word');
    const field = name && Object.hasOwn(this.#fields, name.text) && this.#fields[name.text];
    const known = Object.keys(this.#fields).join(', ');
    if (!name) throw refusal(`needs a field ${this.#place()}; there are ${known}`);
    if (!field) {
      throw refusal(`does not know the field "${name.text}" ${placeOf(name)}; there are ${known}`);
    }
    const operator = this.#take('operator');
    if (!operator) throw refusal(`needs an operator such as = ${this.#place()}`);
    const value = this.#take('quoted') ?? this.#take('word');
    if (!value) throw refusal(`needs a value ${this.#place()}`);
    return { [field.property]: { [operators[operator.text]!]: readValue(field, operator, value) } };
  }

  #take(kind: Token['kind'], text?: string): Token | undefined {
    const token = this.#tokens[this.#next];
    if (token?.kind !== kind || (text !== undefined && token.text !== text)) return undefined;
    this.#next += 1;
    return token;
  }

  #place(): string {
    const token = this.#tokens[this.#next];
    return token ? placeOf(token) : 'at the end';
  }
}

function placeOf({ at }: Token): string {
  return `at character ${at}`;
}

function readValue({ names }: FilterField, operator: Token, value: Token): string | Date {
  if (names === undefined) {
    const violations: { field: string; description: string }[] = [];
    const time = readTimestamp(value.text, '', violations);
    if (violations.length > 0) {
      throw refusal(`needs a time such as "2026-01-31T12:00:00Z" ${placeOf(value)}`);
    }
    return time;
  }
  if (!['=', '!='].includes(operator.text)) {
    throw refusal(`can only be = or != ${placeOf(operator)}`);
  }
  if (!names.includes(value.text)) {
    throw refusal(`does not know "${value.text}" ${placeOf(value)}; there are ${names.join(', ')}`);
  }
  return value.text;
}

function refusal(description: string): PurserError {
  return new PurserError('INVALID_REQUEST', {}, { violations: [{ field: 'filter', description }] });
}
