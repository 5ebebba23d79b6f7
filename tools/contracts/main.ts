// Checks the contracts: `node tools/contracts/main.ts [lint] [format] [breaking] [drift]`;
// without an argument all of them.
import { breaking } from './breaking.ts';
import { drift } from './drift.ts';
import { format, lint } from './lint.ts';

const checks = { lint, format, breaking, drift };

const names = process.argv.slice(2);
for (const name of names.length === 0 ? Object.keys(checks) : names) {
  if (!Object.hasOwn(checks, name)) {
    console.error(`There is no check ${name}; there are ${Object.keys(checks).join(', ')}.`);
    process.exitCode = 2;
    continue;
  }
  const { ok, name: title, detail } = await checks[name as keyof typeof checks]();
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${title}${detail === '' ? '' : `\n${detail}`}`);
  process.exitCode ||= ok ? 0 : 1;
}
