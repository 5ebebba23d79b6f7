import type {
  ListDeadLettersRequest,
  ListDeadLettersResponse,
} from '#gen/purser/operations/v1/operations_service.ts';
import type { Handler } from '#lib/grpc/unary-call.ts';
import { pageSize, readPageToken, takePage, writePageToken } from '#lib/paging/page.ts';
import type { LetterBox } from '../dead-letters/letter-box.ts';
import { letterIdOf, letterMessage, letterName } from './letter-message.ts';

/** Newest first over all services: ids are UUIDs of version 7. */
export function listDeadLetters(
  letterBox: LetterBox,
): Handler<ListDeadLettersRequest, ListDeadLettersResponse> {
  return async (request) => {
    const { pageSize: asked, pageToken, since, showResolved, ...texts } = request;
    const scope = ['ListDeadLetters', JSON.stringify([texts, since, showResolved])];
    const isId = (key: string) => letterIdOf(letterName(key)) !== undefined;
    const before = readPageToken(pageToken, scope, isId);
    const size = pageSize(asked);
    const filter = {
      service: texts.service || undefined,
      source: texts.source || undefined,
      type: texts.type || undefined,
      cause: texts.cause || undefined,
      since,
      resolved: showResolved,
    };
    const letters = await letterBox();
    const found = await letters.list(filter, { before, limit: size + 1 });
    const { page, lastKey } = takePage(found, size, ({ id }) => id);
    return {
      deadLetters: page.map(letterMessage),
      nextPageToken: lastKey ? writePageToken(lastKey, scope) : '',
    };
  };
}
