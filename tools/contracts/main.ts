// Checks the contracts: `node tools/contracts/main.ts`.
import { readArguments, WrongArgument } from '../command/read-arguments.ts';
import { breaking } from './breaking.ts';
import { drift } from './drift.ts';
import { format, lint } from './lint.ts';
import { openApi } from './openapi.ts';

const checks = { lint, format, breaking, drift, openapi: openApi };

type Name = keyof typeof checks;

const known = Object.keys(checks) as Name[];

const usage = `node tools/contracts/main.ts ${known.map((name) => `[${name}]`).join(' ')}
Checks the contracts: what is named, or all of it.`;

const names = readArguments(usage, { allowPositionals: true }, ({ positionals }) => {
  const unknown = positionals.find((name) => !Object.hasOwn(checks, name));
  if (unknown !== undefined) throw new WrongArgument(`There is no check ${unknown}.`);
  return positionals as Name[];
});
for (const name of names.length === 0 ? known : names) {
  const { ok, name: title, detail } = await checks[name]();
  console.log(`${ok ? 'ok  ' : 'FAIL'} ${title}${detail === '' ? '' : `\n${detail}`}`);
  process.exitCode ||= ok ? 0 : 1;
}
