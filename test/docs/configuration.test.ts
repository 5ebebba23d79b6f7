import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';
import { methods } from '#gen/methods.ts';
import { allVariables } from '#lib/config/variables.ts';
import { suite } from '#test/harness/suite.ts';

const test = suite('configuration in the README');

const readmePath = new URL('../../README.md', import.meta.url);
const begin = '<!-- configuration -->\n';
const end = '<!-- /configuration -->';

function table(): string {
  const domains = new Set(Object.values(methods).map(({ domain }) => domain));
  const rows = Object.entries(allVariables(domains)).map(
    ([name, { default: standard, description, readBy }]) =>
      [
        '',
        `\`${name}\``,
        standard ? `\`${standard}\`` : 'required',
        readBy.join(', '),
        description,
        '',
      ]
        .join(' | ')
        .trim(),
  );
  return ['| variable | default | read by | |', '|---|---|---|---|', ...rows, ''].join('\n');
}

test('lists every variable with its default; PURSER_UPDATE=1 rewrites it', () => {
  const readme = readFileSync(readmePath, 'utf8');
  const [before, rest] = readme.split(begin);
  const [listed, after] = (rest ?? '').split(end);
  if (process.env['PURSER_UPDATE'] === '1') {
    writeFileSync(readmePath, `${before}${begin}${table()}${end}${after}`);
    return;
  }
  assert.is(listed, table());
});

test.run();
