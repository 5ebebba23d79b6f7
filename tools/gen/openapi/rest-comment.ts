import { headerFields } from '#lib/contract/header-fields.ts';
import { toCamelCase } from '#lib/contract/json-path.ts';
import { commentOf } from '../comments.ts';
import type { Comment, Commented } from '../comments.ts';

/** A comment in the words of REST callers, to whom fields and metadata go by other names. */
export function restCommentOf(desc: Commented): Comment {
  const comment = commentOf(desc);
  // The languages of these name fields as the contract does, over REST too.
  const isLanguage = desc.kind === 'field' && ['filter', 'order_by'].includes(desc.name);
  const translate = (text: string) => (isLanguage ? text : withRestNames(text));
  return {
    summary: translate(comment.summary),
    rest: translate(comment.rest),
    text: translate(comment.text),
    reasons: comment.reasons,
  };
}

function withRestNames(text: string): string {
  return text
    .replaceAll('metadata `x-user-id`', 'header `X-User-Id`')
    .replaceAll(/`([a-z]+(?:_[a-z0-9]+)+)`/g, (_, name: string) => {
      const header = headerFields[name as keyof typeof headerFields];
      return `\`${header ?? toCamelCase(name)}\``;
    });
}
