import type {
  DescEnum,
  DescEnumValue,
  DescField,
  DescMessage,
  DescMethod,
} from '@bufbuild/protobuf';
import type { DescService } from '@bufbuild/protobuf';
import { getComments } from '@bufbuild/protoplugin';

type Commented = DescEnum | DescEnumValue | DescField | DescMessage | DescMethod | DescService;

/** What the contract says of an element, as a caller of the SDK knows things; '' for nothing. */
export function commentOf(element: Commented): string {
  const { leading = '' } = getComments(element);
  const lines = leading.split('\n').map((line) => line.replace(/^ /, '').trimEnd());
  return inCallersWords(lines.join('\n').trim());
}

/** The text as a JSDoc block that ends with a line break; '' for no text. */
export function jsDoc(text: string, indentation = ''): string {
  if (text === '') return '';
  const lines = text.replaceAll('*/', '*\\/').split('\n');
  const [only] = lines;
  if (lines.length === 1) return `${indentation}/** ${only} */\n`;
  const inner = lines.map((line) => `${indentation} * ${line}`.trimEnd());
  return [`${indentation}/**`, ...inner, `${indentation} */`, ''].join('\n');
}

/** Fields have other names here: `failure_reason` is `failureReason`. */
function inCallersWords(text: string): string {
  return text
    .replaceAll('a `request_id`', 'an `request_id`')
    .replaceAll(/`([a-z][a-z0-9]*(?:_[a-z0-9]+)+)`/g, (_, name: string) => {
      const property = name.replaceAll(/_([a-z0-9])/g, (_match, next: string) =>
        next.toUpperCase(),
      );
      return `\`${property === 'requestId' ? 'idempotencyKey' : property}\``;
    });
}
