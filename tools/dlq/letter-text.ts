import type { ServiceLetter } from '../../services/operations/dead-letters/dead-letters.ts';
import { decodePayload } from '../../services/operations/dead-letters/decode-payload.ts';

/** One letter in one line. */
export function letterLine(letter: ServiceLetter): string {
  const { id, service, source, type, about, cause, createTime, resolution } = letter;
  const name = type?.split('.').at(-1) ?? 'without a type';
  const state = resolution ? ` [${resolution.toLowerCase()}]` : '';
  const where = `${service}/${source}`;
  const time = createTime.toISOString();
  return `${id}  ${time}  ${where}  ${name} ${about ?? ''}${state}\n    ${shortened(cause)}`;
}

/** All that is known of a letter, its payload decoded where that is possible. */
export function letterDetails(letter: ServiceLetter): string {
  const { payload, revision: _, ...rest } = letter;
  const decoded = decodePayload(letter.type, payload);
  return JSON.stringify(
    { ...rest, ...decoded, payloadBase64: payload.toString('base64') },
    null,
    2,
  );
}

/** On one line whatever is in it, so that no cause can pretend to be another letter. */
function shortened(text: string): string {
  const line = text.replaceAll(/\p{C}/gu, '�');
  return line.length > 160 ? `${line.slice(0, 159)}…` : line;
}
