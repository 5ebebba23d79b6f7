import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import * as assert from 'uvu/assert';
import { suite } from '#test/harness/suite.ts';
import { buildSite, siteFolder } from './build.ts';

const test = suite('the build of the store front');

/** What is sent before anything can be seen, in bytes of gzip. */
const scriptBytesMax = 200_000;
const styleBytesMax = 50_000;

test.before(() => buildSite().then(() => {}), { timeoutMs: 120_000 });

const page = () => readFileSync(join(siteFolder, 'index.html'), 'utf8');
const compressedBytes = (path: string) => statSync(join(siteFolder, `${path}.gz`)).size;

/** The files of the first load, those that a script imports at once included. */
function firstLoad(extension: string): string[] {
  const found = new Set<string>();
  const visit = (text: string) => {
    const pattern = new RegExp(`["']\\.?/?((?:assets/)?[\\w.-]+\\.${extension})["']`, 'g');
    for (const [, name = ''] of text.matchAll(pattern)) {
      const path = name.startsWith('assets/') ? name : `assets/${name}`;
      if (found.has(path) || !existsSync(join(siteFolder, path))) continue;
      found.add(path);
      visit(readFileSync(join(siteFolder, path), 'utf8'));
    }
  };
  visit(page());
  return [...found];
}

test('the first load has less than 200 kB of compressed script', () => {
  const scripts = firstLoad('js');
  assert.ok(scripts.length > 0);
  const bytes = scripts.map(compressedBytes).reduce((sum, each) => sum + each, 0);
  assert.ok(bytes < scriptBytesMax, `${bytes} bytes`);
  const styles = firstLoad('css').map(compressedBytes);
  assert.ok(styles.reduce((sum, each) => sum + each, 0) < styleBytesMax, String(styles));
});

test('the page has no script of its own and loads nothing from elsewhere', () => {
  const scripts = [...page().matchAll(/<script([^>]*)>([\s\S]*?)<\/script>/g)];
  assert.ok(scripts.length > 0);
  for (const [, attributes = '', text] of scripts) {
    assert.match(attributes, /\ssrc="\/assets\//);
    assert.is(text, '');
  }
  assert.not.match(page(), /(src|href)="(https?:)?\/\//);
  for (const path of firstLoad('css')) {
    assert.not.match(
      readFileSync(join(siteFolder, path), 'utf8'),
      /url\(["']?(https?:)?\/\/|@import/,
    );
  }
});

test('what is there compressed is the same as what is not', () => {
  for (const path of ['index.html', ...firstLoad('js')]) {
    const packed = readFileSync(join(siteFolder, `${path}.gz`));
    assert.ok(gunzipSync(packed).equals(readFileSync(join(siteFolder, path))), path);
  }
});

test('what has not changed is not built again', async () => {
  assert.is(await buildSite(), false);
});

test.run();
