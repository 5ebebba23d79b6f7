// JSON as the gateway takes it. JSON.parse alone is too lenient: of a repeated member it keeps the
// last, so that two parties who read one body see two amounts.
import { PurserError } from '#lib/errors/purser-error.ts';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Deepest nesting of objects and arrays; the contracts' deepest message has four levels. */
const depthMax = 32;

/**
 * The value of a JSON text in UTF-8. Throws MALFORMED_JSON when it is not valid JSON (RFC 8259),
 * begins with a byte order mark, repeats a member, names one `__proto__`, or nests deeper than 32
 * levels.
 */
export function parseJson(bytes: Uint8Array): unknown {
  const text = decode(bytes);
  const value = parse(text);
  checkMembers(text);
  return value;
}

function malformed(cause: string): PurserError {
  return new PurserError('MALFORMED_JSON', { cause });
}

function decode(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw malformed('it is not UTF-8');
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    // V8's message quotes the body, which does not belong into a reply that others may log.
    const { message } = error as Error;
    if (message.includes('end of JSON input')) throw malformed('it ends too early');
    const position = /at position (\d+)/.exec(message)?.[1];
    throw malformed(
      position === undefined ? 'syntax error' : `syntax error at position ${position}`,
    );
  }
}

/**
 * Walks over a text that is known to be valid JSON: there a string before a colon is always a
 * member's name.
 */
function checkMembers(text: string): void {
  const open: Set<string>[] = [];
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '{' || char === '[') {
      if (open.push(new Set()) > depthMax)
        throw malformed(`it nests deeper than ${depthMax} levels`);
    } else if (char === '}' || char === ']') {
      open.pop();
    } else if (char === '"') {
      const end = endOfString(text, at);
      if (startsWithColon(text, end)) checkName(JSON.parse(text.slice(at, end)), open.at(-1));
      at = end - 1;
    }
  }
}

function checkName(name: string, siblings: Set<string> | undefined): void {
  const shown = JSON.stringify(name.slice(0, 64));
  if (siblings?.has(name)) throw malformed(`the member ${shown} is repeated`);
  if (name === '__proto__') throw malformed(`no member may be named ${shown}`);
  siblings?.add(name);
}

/** Index after the closing quote of the string that begins at `start`. */
function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text[at] !== '"') at += text[at] === '\\' ? 2 : 1;
  return at + 1;
}

function startsWithColon(text: string, from: number): boolean {
  let at = from;
  while (text[at] === ' ' || text[at] === '\n' || text[at] === '\r' || text[at] === '\t') at += 1;
  return text[at] === ':';
}
