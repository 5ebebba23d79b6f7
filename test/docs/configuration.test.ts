import { methods } from '#gen/methods.ts';
import { allVariables } from '#lib/config/target-variables.ts';
import { suite } from '#test/harness/suite.ts';
import { compareWithDocument } from './document.ts';

const test = suite('configuration in the README');

function table(): string {
  const domains = new Set(Object.values(methods).map(({ domain }) => domain));
  const rows = Object.entries(allVariables(domains)).map(
    ([name, { default: standard, description, readBy }]) =>
      [
        '',
        `\`${name}\``,
        standard === undefined ? 'required' : standard === '' ? 'none' : `\`${standard}\``,
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
  compareWithDocument('README.md', 'configuration', table());
});

test.run();
