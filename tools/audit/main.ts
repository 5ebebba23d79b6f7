// Proves on the data of a running system that every order was paid exactly once:
// `npm run audit -- [--grace SECONDS] [--json FILE]`. Exits with 1 when something is broken, with 2
// when it could not look.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { audit, graceMsDefault } from '../../services/operations/audit/audit.ts';
import { findSystem, unreachable } from './find-system.ts';
import { brokenChecks, reportText } from '../../services/operations/audit/report.ts';

try {
  const { values } = parseArgs({
    options: {
      grace: { type: 'string', default: String(graceMsDefault / 1_000) },
      json: { type: 'string' },
    },
  });
  if (!/^\d{1,6}(\.\d{1,3})?$/.test(values.grace)) {
    throw new Error(`--grace takes seconds, not ${values.grace}.`);
  }
  const report = await audit({ ...findSystem('auditor'), graceMs: Number(values.grace) * 1_000 });
  if (values.json) writeFileSync(values.json, `${JSON.stringify(report, null, 2)}\n`);
  console.log(reportText(report));
  if (brokenChecks(report).length > 0) process.exitCode = 1;
} catch (error) {
  console.error(unreachable(error) ?? (error as Error).message);
  process.exitCode = 2;
}
