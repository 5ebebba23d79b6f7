import { suite } from '#test/harness/suite.ts';
import { ordersInvariants } from '../../services/orders/audit.ts';
import { paymentsInvariants } from '../../services/payments/audit.ts';
import * as beyondOneService from '../../tools/audit/invariants.ts';
import { compareWithDocument } from './document.ts';

const test = suite('docs/operations.md');

test('lists every invariant of the audit; PURSER_UPDATE=1 rewrites it', () => {
  const all = [...ordersInvariants, ...paymentsInvariants, ...Object.values(beyondOneService)];
  const byId = new Map(all.map((invariant) => [invariant.id, invariant]));
  const sorted = [...byId.values()].toSorted((a, b) => numberOf(a.id) - numberOf(b.id));
  const rows = sorted.map(
    ({ id, says, means, repair }) => `| ${id} | ${says} | ${means} | ${repair} |`,
  );
  const head = ['| | holds | broken, it means | to do |', '|---|---|---|---|'];
  compareWithDocument('docs/operations.md', 'invariants', [...head, ...rows, ''].join('\n'));
});

function numberOf(id: string): number {
  return Number(id.slice(1));
}

test.run();
