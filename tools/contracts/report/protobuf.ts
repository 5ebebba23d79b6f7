import { runBuf } from '../../gen/run-buf.ts';
import { morePromised } from '../breaking.ts';
import { row } from './change.ts';
import type { Change, Row } from './change.ts';
import { additions, comments, elementsOf } from './elements.ts';
import type { Side } from './side.ts';

/** Rows of what buf judges, by the categories of its rules for breaking changes. */
const aspects = [
  { aspect: 'wire (protobuf)', category: 'WIRE' },
  { aspect: 'JSON', category: 'WIRE_JSON' },
  { aspect: 'generated source', category: 'FILE' },
] as const;

interface Finding {
  /** Name of buf's rule, which is in one or more categories. */
  rule: string;
  change: Change;
}

/** What the change does to bytes, to proto3's JSON, and to code generated from the contracts. */
export async function compareProtobuf(base: Side, head: Side, directory: string): Promise<Row[]> {
  const before = elementsOf(base.files);
  const after = elementsOf(head.files);
  rulesByCategory ??= listRules();
  const [rules, found] = await Promise.all([rulesByCategory, findings(base, head, directory)]);
  return aspects.map(({ aspect, category }) => {
    const broken = found.filter(({ rule }) => rules.get(category)?.has(rule));
    const texts = category === 'FILE' ? comments(before, after) : [];
    const changes = broken.map(({ change }) => change);
    return row(aspect, [...changes, ...additions(before, after), ...texts]);
  });
}

/** What buf finds by the rules of all categories at once: it starts more slowly than it runs. */
async function findings(base: Side, head: Side, directory: string): Promise<Finding[]> {
  const use = aspects.map(({ category }) => category);
  const config = JSON.stringify({ version: 'v2', breaking: { use } });
  const images = [head.image, '--against', base.image, '--exclude-imports'];
  const form = ['--error-format', 'json', '--config', config];
  const args = ['breaking', ...images, ...form];
  const { ok, stdout, output } = await runBuf(args, directory);
  if (ok) return [];
  try {
    return stdout.split('\n').map((line) => {
      const { type: rule, message: text } = JSON.parse(line) as { type: string; message: string };
      return { rule, change: { level: morePromised.test(text) ? 'minor' : 'major', text } };
    });
  } catch {
    throw new Error(output);
  }
}

/** Read once: the pinned buf has the same rules for ever. */
let rulesByCategory: Promise<ReadonlyMap<string, ReadonlySet<string>>> | undefined;

async function listRules(): Promise<ReadonlyMap<string, ReadonlySet<string>>> {
  const args = ['config', 'ls-breaking-rules', '--version', 'v2', '--format', 'json'];
  const { ok, stdout, output } = await runBuf(args);
  if (!ok) throw new Error(output);
  const rules = stdout
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; categories: string[] });
  return new Map(
    aspects.map(({ category }) => {
      const inCategory = rules.filter(({ categories }) => categories.includes(category));
      return [category, new Set(inCategory.map(({ id }) => id))];
    }),
  );
}
