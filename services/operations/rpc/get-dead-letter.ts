import type { DeadLetter } from '#gen/purser/operations/v1/dead_letter.ts';
import type { GetDeadLetterRequest } from '#gen/purser/operations/v1/operations_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { decodePayload } from '../dead-letters/decode-payload.ts';
import type { LetterBox } from '../dead-letters/letter-box.ts';
import { letterMessage, requireLetter } from './letter-message.ts';

export function getDeadLetter(letterBox: LetterBox): Handler<GetDeadLetterRequest, DeadLetter> {
  return async ({ name }) => {
    const letter = await requireLetter(await letterBox(), name);
    return {
      ...letterMessage(letter),
      headers: letter.headers,
      payloadBytes: letter.payload,
      ...decodePayload(letter.type, letter.payload),
    };
  };
}
