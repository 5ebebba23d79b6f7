import type { Format } from '../text/format.ts';
import { useText } from '../text/text-context.tsx';
import type { OperatorMessages } from './english.ts';
import { operatorLanguages } from './operator-languages.ts';

/** The words of the pages for operators, which come with them and not with the first page. */
export function useOperatorText(): { o: OperatorMessages; format: Format } {
  const { language, format } = useText();
  return { o: operatorLanguages[language], format };
}
