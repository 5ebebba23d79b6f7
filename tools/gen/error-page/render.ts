import { errorEntries } from './entries.ts';
import { htmlPage } from './html.ts';

/** gen/errors.html, from the code and the gen/ that are on the disk. */
export function renderErrorPage(): string {
  return htmlPage(errorEntries());
}
