import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import {
  allowedActions,
  type OrderState,
  rules,
  type Trigger,
  transitions,
} from '../../services/orders/domain/order-state.ts';
import { compareWithDocument } from './document.ts';

const test = suite('docs/states.md');

const states: OrderState[] = [
  'PENDING',
  'PAID',
  'ASSEMBLED',
  'SHIPPED',
  'DELIVERED',
  'FAILED',
  'CANCELLING',
  'CANCELLED',
];

function triggersOf(from: OrderState, to: OrderState): string {
  return Object.entries(rules)
    .filter(([, rule]) => rule.to === to && rule.from.includes(from))
    .map(([trigger]) => trigger)
    .join(' or ');
}

function diagram(): string {
  const steps = transitions.map(({ from, to }) => `  ${from} --> ${to}: ${triggersOf(from, to)}`);
  const final = states.filter((state) => !transitions.some(({ from }) => from === state));
  const lines = ['  [*] --> PENDING', ...steps, ...final.map((state) => `  ${state} --> [*]`)];
  return ['```mermaid', 'stateDiagram-v2', ...lines, '```'].join('\n');
}

function cell(state: OrderState, trigger: Trigger): string {
  const { from, to, done } = rules[trigger];
  if (from.includes(state)) return to;
  return done.includes(state) ? 'no effect' : 'refused';
}

function table(): string {
  const triggers = Object.keys(rules) as Trigger[];
  const rows = triggers.map((trigger) => [
    `\`${trigger}\``,
    ...states.map((state) => cell(state, trigger)),
  ]);
  const allowed = states.map((state) => allowedActions(state).join(', ') || 'none');
  return [
    ['', ...states],
    states.map(() => '---').concat('---'),
    ...rows,
    ['`allowedActions`', ...allowed],
  ]
    .map((row) => `| ${row.join(' | ')} |`)
    .join('\n');
}

test('shows the one table of transitions; PURSER_UPDATE=1 rewrites it', () => {
  compareWithDocument('docs/states.md', 'diagram', `${diagram()}\n`);
  compareWithDocument('docs/states.md', 'table', `${table()}\n`);
});

test('every transition is on the diagram', () => {
  assert.is(diagram().match(/-->/g)?.length, transitions.length + 1 + 3);
});

test.run();
