// Proves on the data of a running system that every order was paid exactly once: `npm run audit`.
// Exits with 1 when something is broken, with 2 when it could not look.
import { writeFileSync } from 'node:fs';
import { audit, graceMsDefault } from '../../services/operations/audit/audit.ts';
import { readArguments, WrongArgument } from '../command/read-arguments.ts';
import { findSystem, unreachable } from './find-system.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';

const graceDefault = String(graceMsDefault / 1_000);

const usage = `npm run audit -- [--grace SECONDS] [--json FILE]
Proves on the data of the running system that every order was paid exactly once.
  --grace SECONDS  how long a thing may be under way; ${graceDefault} unless told otherwise
  --json FILE      writes the report there as well`;

const options = {
  grace: { type: 'string', default: graceDefault },
  json: { type: 'string' },
} as const;

const { graceMs, json } = readArguments(usage, { options }, ({ values }) => {
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(values.grace)) {
    throw new WrongArgument(`--grace takes seconds, not ${values.grace}.`);
  }
  return { graceMs: Number(values.grace) * 1_000, json: values.json };
});
try {
  const report = await audit({ ...findSystem('auditor'), graceMs });
  if (json) writeFileSync(json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(reportText(report));
  if (brokenChecks(report).length > 0) process.exitCode = 1;
} catch (error) {
  console.error(unreachable(error) ?? (error as Error).message);
  process.exitCode = 2;
}
