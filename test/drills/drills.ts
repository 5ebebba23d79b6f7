import type { Drill } from './drill.ts';
import { deafReaders, flood, liveReconnect, malformedRequests } from './faults/doors.ts';
import { freeze, freezeWithLock } from './faults/freeze.ts';
import { killAll, killAtFailpoints, killServices, rollingRestart } from './faults/kill.ts';
import { duplicates, poisoned, reorder, twins } from './faults/messages.ts';
import { badNetwork, packetLoss, unknownPublishes } from './faults/network.ts';
import { brokerPowerLoss, fullDisk, postgresPowerLoss } from './faults/power.ts';
import { restoreBackup } from './faults/restore.ts';
import { breakBroker, cutPostgres, wipeBroker } from './faults/servers.ts';

/** All drills, in the order of the fault table. */
export const drills: readonly Drill[] = [
  killAtFailpoints,
  killServices,
  killAll,
  cutPostgres,
  freezeWithLock,
  freeze,
  breakBroker,
  unknownPublishes,
  wipeBroker,
  brokerPowerLoss,
  postgresPowerLoss,
  fullDisk,
  rollingRestart,
  duplicates,
  reorder,
  badNetwork,
  packetLoss,
  poisoned,
  malformedRequests,
  deafReaders,
  liveReconnect,
  flood,
  restoreBackup,
  twins,
];
