import { resolve } from 'node:path';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

const projectFolder = resolve(import.meta.dirname, '..');

export default defineConfig({
  root: import.meta.dirname,
  // Beside the packages: the next `npm ci` removes it.
  cacheDir: resolve(projectFolder, 'node_modules/.cache/vite'),
  plugins: [react()],
  // Nothing of the environment gets into the page.
  envPrefix: 'PURSER_PAGE_',
  server: { fs: { allow: [projectFolder] } },
  build: {
    target: 'es2023',
    // tools/web/build.ts measures what is sent, which is compressed.
    reportCompressedSize: false,
    // Files as data addresses are no files of ours to the policy of the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
});
