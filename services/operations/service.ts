import type { Implementations } from '#lib/grpc/server.ts';
import type { Auditor } from './audit/auditor.ts';
import type { LetterBox } from './dead-letters/letter-box.ts';
import { discardDeadLetter } from './rpc/discard-dead-letter.ts';
import { getAudit } from './rpc/get-audit.ts';
import { getDeadLetter } from './rpc/get-dead-letter.ts';
import { getStatus } from './rpc/get-status.ts';
import { listDeadLetters } from './rpc/list-dead-letters.ts';
import { replayDeadLetters } from './rpc/replay-dead-letters.ts';
import { runAudit } from './rpc/run-audit.ts';
import type { Sampler } from './status/sampler.ts';

export interface OperationsDeps {
  sampler: Sampler;
  letterBox: LetterBox;
  auditor: Auditor;
}

/** What Operations answers. */
export function operationsRpcs({ sampler, letterBox, auditor }: OperationsDeps): Implementations {
  return {
    '/purser.operations.v1.OperationsService/GetStatus': getStatus(sampler),
    '/purser.operations.v1.OperationsService/ListDeadLetters': listDeadLetters(letterBox),
    '/purser.operations.v1.OperationsService/GetDeadLetter': getDeadLetter(letterBox),
    '/purser.operations.v1.OperationsService/ReplayDeadLetters': replayDeadLetters(letterBox),
    '/purser.operations.v1.OperationsService/DiscardDeadLetter': discardDeadLetter(letterBox),
    '/purser.operations.v1.OperationsService/GetAudit': getAudit(auditor),
    '/purser.operations.v1.OperationsService/RunAudit': runAudit(auditor),
  };
}
