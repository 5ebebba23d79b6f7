import type { DeadLetter } from '#gen/purser/operations/v1/dead_letter.ts';
import type { DiscardDeadLetterRequest } from '#gen/purser/operations/v1/operations_service.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import type { LetterBox } from '../dead-letters/letter-box.ts';
import { letterMessage, requireLetter } from './letter-message.ts';

export function discardDeadLetter(
  letterBox: LetterBox,
): Handler<DiscardDeadLetterRequest, DeadLetter> {
  return async ({ name, reason }, { log }) => {
    if (reason.trim() === '') {
      const violations = [{ field: 'reason', description: 'must say something' }];
      throw new PurserError('INVALID_REQUEST', {}, { violations });
    }
    const letters = await letterBox();
    const letter = await requireLetter(letters, name);
    const isDone = await letters.discard(letter, reason);
    if (!isDone) throw new PurserError('DEAD_LETTER_CHANGED', { dead_letter: name });
    log.info({ name, reason }, 'an operator discarded a dead letter');
    return letterMessage(await requireLetter(letters, name));
  };
}
