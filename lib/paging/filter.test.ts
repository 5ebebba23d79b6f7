import * as assert from 'uvu/assert';
import { PurserError } from '#lib/errors/purser-error.ts';
import { suite } from '#test/harness/suite.ts';
import { parseFilter } from './filter.ts';

const test = suite('filter');

const fields = {
  state: { property: 'state', names: ['PENDING', 'PAID', 'FAILED'] },
  create_time: { property: 'createTime' },
};
const noon = new Date('2026-01-31T12:00:00Z');
const paid = { state: { $eq: 'PAID' } };
const failed = { state: { $eq: 'FAILED' } };
const since = { createTime: { $gte: noon } };

for (const [text, expected] of [
  ['', undefined],
  ['  ', undefined],
  ['state=PAID', paid],
  [' state = "PAID" ', paid],
  ['state!=PAID', { state: { $ne: 'PAID' } }],
  ['create_time>="2026-01-31T12:00:00Z"', since],
  ['create_time >= 2026-01-31T13:00:00+01:00', since],
  ['create_time<"2026-01-31T12:00:00.001Z"', { createTime: { $lt: new Date(+noon + 1) } }],
  ['create_time<=2026-01-31T12:00:00Z', { createTime: { $lte: noon } }],
  ['create_time>2026-01-31T12:00:00Z', { createTime: { $gt: noon } }],
  ['state=PAID OR state=FAILED', { $or: [paid, failed] }],
  [
    'state=PAID OR state=FAILED AND create_time>=2026-01-31T12:00:00Z',
    { $and: [{ $or: [paid, failed] }, since] },
  ],
  [
    '(state=PAID AND create_time>=2026-01-31T12:00:00Z) OR state=FAILED',
    { $or: [{ $and: [paid, since] }, failed] },
  ],
  ['((state=PAID))', paid],
] as const) {
  test(`reads ${text}`, () => assert.equal(parseFilter(text, fields), expected));
}

function complaintOf(text: string): string {
  try {
    parseFilter(text, fields);
  } catch (error) {
    assert.instance(error, PurserError);
    const [violation] = (error as PurserError).violations ?? [];
    assert.is(violation?.field, 'filter');
    return violation?.description ?? '';
  }
  throw new Error(`"${text}" was read.`);
}

for (const [text, complaint] of [
  ['amount=1', /does not know the field "amount" at character 1; there are state, create_time/],
  ['constructor=1', /does not know the field "constructor"/],
  ['state=PAYED', /does not know "PAYED" at character 7; there are PENDING, PAID, FAILED/],
  ['state=', /needs a value at the end/],
  ['state=""', /does not know ""/],
  ['state', /needs an operator such as = at the end/],
  ['state=PAID state=FAILED', /needs AND or OR before "state" at character 12/],
  ['state=PAID and state=FAILED', /needs AND or OR before "and"/],
  ['state=PAID AND', /needs a field at the end; there are state, create_time/],
  ['=PAID', /needs a field at character 1/],
  ['state>PAID', /can only be = or != at character 6/],
  ['create_time>yesterday', /needs a time such as "2026-01-31T12:00:00Z" at character 13/],
  ['create_time>2026-02-30T12:00:00Z', /needs a time/],
  ['(state=PAID', /lacks a closing parenthesis/],
  ['state=PAID)', /needs AND or OR before "\)" at character 11/],
  ['state="PAID', /cannot be read from character 7 on/],
  ["state=PAID'; drop table orders --", /does not know "PAID';"/],
  ['('.repeat(500), /needs a field at the end/],
] as const) {
  test(`refuses ${text.slice(0, 40)}`, () => assert.match(complaintOf(text), complaint));
}

test.run();
