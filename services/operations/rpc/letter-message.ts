import { DeadLetter, DeadLetter_Resolution } from '#gen/purser/operations/v1/dead_letter.ts';
import { PurserError } from '#lib/errors/purser-error.ts';
import type { DeadLetters, ServiceLetter } from '../dead-letters/dead-letters.ts';

const collection = 'deadLetters/';

export function letterName(id: string): string {
  return `${collection}${id}`;
}

/** The id in a name; undefined when no letter can have that name. */
export function letterIdOf(name: string): string | undefined {
  const id = name.startsWith(collection) ? name.slice(collection.length) : '';
  return /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id) ? id : undefined;
}

/** Throws DEAD_LETTER_NOT_FOUND. */
export async function requireLetter(letters: DeadLetters, name: string): Promise<ServiceLetter> {
  const id = letterIdOf(name);
  const [letter] = id === undefined ? [] : await letters.byIds([id]);
  if (letter === undefined) throw new PurserError('DEAD_LETTER_NOT_FOUND', { dead_letter: name });
  return letter;
}

/** Without headers and payload. */
export function letterMessage(letter: ServiceLetter): DeadLetter {
  return {
    ...DeadLetter.decode(new Uint8Array()),
    name: letterName(letter.id),
    service: letter.service,
    source: letter.source,
    eventId: letter.eventId ?? '',
    type: letter.type ?? '',
    subject: letter.subject,
    about: letter.about ?? '',
    cause: letter.cause,
    deliveries: letter.deliveries,
    createTime: letter.createTime,
    resolution: DeadLetter_Resolution[letter.resolution ?? 'RESOLUTION_UNSPECIFIED'],
    resolveTime: letter.resolvedTime ?? undefined,
    reason: letter.reason ?? '',
  };
}
