import { readFileSync, writeFileSync } from 'node:fs';
import * as assert from 'uvu/assert';

/**
 * Checks that a document holds `text` between its marks `<!-- name -->` and `<!-- /name -->`. With
 * PURSER_UPDATE=1 it writes the text there instead.
 */
export function compareWithDocument(path: string, name: string, text: string): void {
  const file = new URL(`../../${path}`, import.meta.url);
  const document = readFileSync(file, 'utf8');
  const begin = `<!-- ${name} -->\n`;
  const end = `<!-- /${name} -->`;
  const from = document.indexOf(begin) + begin.length;
  const to = document.indexOf(end);
  assert.ok(from >= begin.length && to >= from, `${path} has no marks for ${name}`);
  if (process.env['PURSER_UPDATE'] === '1') {
    writeFileSync(file, document.slice(0, from) + text + document.slice(to));
    return;
  }
  assert.is(document.slice(from, to), text, `${path} is out of date; PURSER_UPDATE=1 rewrites it`);
}
