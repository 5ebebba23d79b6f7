// npm run upgrade-check: the release before serves; the schema is migrated, and instances of this
// code join one by one while old ones stop, under load; then back again. Minutes.
import { setTimeout as sleep } from 'node:timers/promises';
import { temporaryFolder } from '#test/harness/temporary-folder.ts';
import { readArguments } from '../../tools/command/read-arguments.ts';
import { schemas } from '../../tools/migrations/steps.ts';
import { Fleet } from '../cluster/fleet.ts';
import { startBroker, startDatabases } from '../cluster/servers.ts';
import { Steps } from '../cluster/steps.ts';
import { earlierCode, projectFolder, stepsIn } from './earlier-code.ts';

/** Called before callers: what a caller may ask for is there when it asks. */
const order = ['payments', 'notifications', 'orders', 'gateway'];
const perService = 2;

const usage = `npm run upgrade-check -- [--from COMMIT]
Upgrades a system under load, an instance after the other, and back again. Minutes.
  --from COMMIT  the code before; else the newest release, or the commit where the work left main`;

const { values } = readArguments(usage, { options: { from: { type: 'string' } } });
const earlier = await earlierCode(values.from);
if (earlier.folder === undefined) {
  process.stderr.write(`There is no code to upgrade from: ${earlier.reason}.\n`);
  process.exit(2);
}
const old = earlier.folder;

const folder = temporaryFolder();
const nats = await startBroker(folder);
const names = Object.keys(schemas);
const { postgres, databaseUrls } = await startDatabases(folder, names);
const options = { folder, databaseUrls, natsUrl: nats.url, streamReplicas: 1 as const };
const fleet = await Fleet.open({ ...options, slots: perService + 1 });
const steps = new Steps(fleet, `From ${earlier.name} to the code of this folder, and back`);
/** Calls that were answered with 5xx: in an upgrade there is no reason for any. */
let errors = 0;

async function step(name: string, work: () => Promise<void>): Promise<void> {
  const tally = await steps.run(name, work);
  errors += tally.repeated - tally.unanswered;
}

/** One joins, then one stops, until all instances of the service run the code. */
async function roll(service: string, codeFolder: string): Promise<void> {
  const leaving = fleet.members.filter((member) => member.service === service);
  for (const member of leaving) {
    await fleet.add(service, codeFolder);
    // As the drainSeconds of the chart: whoever still knows the instance looks names up again.
    await sleep(1_000);
    await member.stop();
  }
}

try {
  await fleet.migrate(old);
  for (const service of order) {
    for (let count = 0; count < perService; count += 1) await fleet.add(service, old);
  }
  await step('the code before', () => sleep(3_000));
  let added = 0;
  for (const name of names) added += schemas[name]!.length - (await stepsIn(old, name)).length;
  await step(`schema, ${added} new steps`, () => fleet.migrate());
  for (const service of order) await step(`${service} rolls`, () => roll(service, projectFolder));
  await step('the code of now', () => sleep(3_000));
  for (const service of order.toReversed()) {
    await step(`${service} rolls back`, () => roll(service, old));
  }
  if (errors > 0) steps.fault(`${errors} calls were answered with an error`);
} finally {
  await fleet.stop();
  await postgres.stop();
  await nats.stop();
}
const { problems } = steps;
process.stdout.write(problems === 0 ? 'All of it holds.\n' : `${problems} problems.\n`);
process.exitCode = problems === 0 ? 0 : 1;
