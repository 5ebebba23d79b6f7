// Checks the contracts: `node tools/contracts/main.ts [lint] [format] [breaking] [drift] [openapi]`
// does those that are named, all of them without an argument.
import { breaking } from './breaking.ts';
import { drift } from './drift.ts';
import { format, lint } from './lint.ts';
import { openApi } from './openapi.ts';

const checks = { lint, format, breaking, drift, openapi: openApi };

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
