import {
  DeadLetterReplay_Outcome as Outcome,
  type ReplayDeadLettersRequest,
  type ReplayDeadLettersResponse,
} from '#gen/purser/operations/v1/operations_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { Replay } from '../dead-letters/dead-letters.ts';
import type { LetterBox } from '../dead-letters/letter-box.ts';
import { letterIdOf, letterName } from './letter-message.ts';

const outcomes: Record<Replay, Outcome> = {
  replayed: Outcome.REPLAYED,
  congested: Outcome.CONGESTED,
  'unknown event': Outcome.UNKNOWN_EVENT,
  'no event': Outcome.NO_EVENT,
  'died again': Outcome.DIED_AGAIN,
};

/** One after the other: each is two short statements, and a hundred of them harm nobody. */
export function replayDeadLetters(
  letterBox: LetterBox,
): Handler<ReplayDeadLettersRequest, ReplayDeadLettersResponse> {
  return async ({ names }, { signal, log }) => {
    const letters = await letterBox();
    const distinct = [...new Set(names)];
    const ids = distinct.flatMap((name) => letterIdOf(name) ?? []);
    const found = await letters.byIds(ids);
    const byName = new Map(found.map((letter) => [letterName(letter.id), letter]));
    const replays: ReplayDeadLettersResponse['replays'] = [];
    for (const name of distinct) {
      signal.throwIfAborted();
      const letter = byName.get(name);
      const outcome = letter ? outcomes[await letters.replay(letter)] : Outcome.NOT_FOUND;
      replays.push({ name, outcome });
    }
    log.info({ replays }, 'an operator replayed dead letters');
    return { replays };
  };
}
