// What a change of the contracts does: `npm run contract`.
import { readArguments, WrongArgument } from '../../command/read-arguments.ts';
import { levels, reaches } from './change.ts';
import type { Level } from './change.ts';
import { report } from './report.ts';
import { table } from './table.ts';

const usage = `npm run contract -- [--against COMMIT] [--json] [--fail-on patch|minor|major]
Tells what the changes in proto/ do to the wire, JSON, REST, validation, errors, events and the SDK.
  --against COMMIT  compares with that commit, and not with the one where the work left main
  --json            for programs
  --fail-on LEVEL   exits with 1 when a change is as grave or graver`;

const options = {
  against: { type: 'string' },
  json: { type: 'boolean', default: false },
  'fail-on': { type: 'string' },
} as const;

const { against, json, limit } = readArguments(usage, { options }, ({ values }) => ({
  against: values.against,
  json: values.json,
  limit: limitOf(values['fail-on']),
}));

function limitOf(text: string | undefined): Level | undefined {
  const found = levels.find((level) => level === text);
  if (found !== text || found === 'none') {
    throw new WrongArgument(`--fail-on takes patch, minor or major, not ${text}.`);
  }
  return found;
}

try {
  const found = await report({ against });
  console.log(json ? JSON.stringify(found, null, 2) : table(found));
  if (limit !== undefined && 'rows' in found && reaches(found.rows, limit)) process.exitCode = 1;
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 2;
}
