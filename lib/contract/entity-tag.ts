// Entity tags (RFC 9110, section 8.8.3) between the field `etag` of messages and HTTP's headers.
import { headerFields } from './header-fields.ts';
import { refuse } from './refuse.ts';
import type { FieldViolation } from './types.ts';

/**
 * What may stand between the quotes: visible ASCII without quotes. The RFC also allows bytes beyond
 * ASCII, in no character set; no tag of ours has them.
 */
const taggedPattern = /^"([!#-~]+)"$/;

/** A tag as the body of an answer shows it. Without quotes a comma would separate two of them. */
const barePattern = /^[!#-+\--~]+$/;

const weakPattern = /^W\//i;

/**
 * The header If-Match as `etag` of a request: '' when it is absent or `*`, which makes no condition
 * beyond that the resource exists. Takes one strong tag, in quotes or bare. A list is refused
 * because the contract compares with one tag, a weak tag because If-Match compares strongly, so
 * that it could never match. An empty tag in quotes would silently mean no condition.
 */
export function readIfMatch(value: string | undefined, violations: FieldViolation[]): string {
  if (value === undefined || value === '*') {
    return '';
  }
  const tagged = taggedPattern.exec(value)?.[1];
  if (tagged !== undefined) {
    return tagged;
  }
  if (barePattern.test(value) && !weakPattern.test(value)) {
    return value;
  }
  const wanted = weakPattern.test(value) ? 'a strong entity tag' : 'one entity tag';
  refuse(violations, headerFields.etag, `must be ${wanted}, such as "v3"`);
  return '';
}

/**
 * The header ETag for the `etag` of a response; undefined when it is empty. Also undefined when it
 * cannot stand in the header: what the call did is done, and its answer must not fail for that.
 */
export function writeEntityTag(etag: string): string | undefined {
  const tag = `"${etag}"`;
  return taggedPattern.test(tag) ? tag : undefined;
}
