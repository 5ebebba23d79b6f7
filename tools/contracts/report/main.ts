// What a change of the contracts does: `npm run contract -- [--against <commit>] [--json]
// [--fail-on patch|minor|major]`.
import { parseArgs } from 'node:util';
import { levels, reaches } from './change.ts';
import type { Level } from './change.ts';
import { report } from './report.ts';
import { table } from './table.ts';

const usage = 'npm run contract -- [--against <commit>] [--json] [--fail-on patch|minor|major]';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      against: { type: 'string' },
      json: { type: 'boolean', default: false },
      'fail-on': { type: 'string' },
    },
  });
  const limit = values['fail-on'];
  if (limit !== undefined && (limit === 'none' || !levels.includes(limit as Level))) {
    throw new Error(`--fail-on takes patch, minor or major, not ${limit}.`);
  }
  const found = await report({ against: values.against });
  console.log(values.json ? JSON.stringify(found, null, 2) : table(found));
  if (limit !== undefined && 'rows' in found && reaches(found.rows, limit as Level)) {
    process.exitCode = 1;
  }
}

try {
  await main();
} catch (error) {
  console.error(`${error instanceof Error ? error.message : String(error)}\nUsage: ${usage}`);
  process.exitCode = 2;
}
