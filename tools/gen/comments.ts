import type { DescEnum, DescEnumValue, DescField, DescMessage } from '@bufbuild/protobuf';
import type { DescMethod, DescService } from '@bufbuild/protobuf';
import { getComments } from '@bufbuild/protoplugin';

/** An element that may have a comment. */
export type Commented =
  DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService;

/** What a contract says of one of its elements, in the words of its leading comment. */
export interface Comment {
  /** The first sentence, without its full stop. */
  summary: string;
  /** What follows the first sentence; '' for nothing. */
  rest: string;
  /** All of it: paragraphs of one line each, with an empty line between two. */
  text: string;
  /** The reasons that its sentences `Errors: A, B.` name, in their order. */
  reasons: string[];
}

/** `Errors: A, B.`, `Errors of every call: A, B.`, `Errors: A, also when this and that.` */
const errorSentence = /\s*Errors(?: of every call)?: ([^.]*)\./g;
const reasonPattern = /\b[A-Z][A-Z0-9_]{2,}\b/g;
const sentencePattern = /^[^]*?[.!?](?=\s|$)/;

/** Throws when a sentence that begins with `Errors:` names no reason. */
export function commentOf(desc: Commented): Comment {
  const paragraphs = paragraphsOf(getComments(desc).leading ?? '');
  const reasons: string[] = [];
  const text = paragraphs
    .replace(errorSentence, (sentence, list: string) => {
      const named = list.match(reasonPattern) ?? [];
      if (named.length === 0) {
        throw new Error(`${desc}: "${sentence.trim()}" names no reason`);
      }
      reasons.push(...named);
      // Only words beyond the reasons are worth a reader's time: the reasons are told by status.
      return /[a-z]/.test(list) ? sentence : '';
    })
    .trim();
  const first = sentencePattern.exec(text)?.[0] ?? text;
  return {
    summary: first.replace(/\.$/, ''),
    rest: text.slice(first.length).trim(),
    text,
    reasons,
  };
}

/** Lines of one paragraph become one; those of a list stay. */
function paragraphsOf(comment: string): string {
  return comment
    .split('\n')
    .map((line) => line.trim())
    .join('\n')
    .trim()
    .replaceAll(/([^\n])\n(?!\n|- )/g, '$1 ')
    .replaceAll(/\n{3,}/g, '\n\n');
}
