import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { labelValues, listMetrics } from '../metrics/metric-list.ts';
import { compareWithDocument } from './document.ts';

const test = suite('docs/metrics.md');

const metrics = await listMetrics();

test('lists every metric; PURSER_UPDATE=1 rewrites it', () => {
  const rows = metrics.map(({ name, type, labels, of, help }) => {
    const shown = labels.map((label) => `\`${label}\``).join(', ');
    return `| \`${name}\` | ${type} | ${shown} | ${of.join(', ')} | ${help} |`;
  });
  const head = ['| metric | type | labels | of | |', '|---|---|---|---|---|'];
  compareWithDocument('docs/metrics.md', 'metrics', [...head, ...rows, ''].join('\n'));
  const labels = Object.entries(labelValues).map(([label, says]) => `| \`${label}\` | ${says} |`);
  const labelHead = ['| label | says |', '|---|---|'];
  compareWithDocument('docs/metrics.md', 'labels', [...labelHead, ...labels, ''].join('\n'));
});

test('names tell type and unit as Prometheus wants it, and every label is bounded', () => {
  assert.ok(metrics.length > 20);
  for (const { name, type, help, labels } of metrics) {
    assert.match(name, /^purser_[a-z]+(_[a-z]+)+$/);
    assert.is(name.endsWith('_total'), type === 'counter', name);
    if (type === 'histogram') assert.match(name, /_(seconds|items|bytes)$/);
    assert.match(help, /^\w.*\.$/, name);
    for (const label of labels) assert.ok(label in labelValues, `${name}: the label ${label}`);
  }
  const used = new Set(metrics.flatMap(({ labels }) => labels));
  assert.equal(
    Object.keys(labelValues).filter((label) => !used.has(label)),
    [],
    'labels that no metric has',
  );
});

test.run();
