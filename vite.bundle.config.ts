import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';
import { alias } from './vite.config.ts';

/** Builds dist/tapline.browser.js: core, operators and client in one file, for a page without a build step. */
const config: UserConfig = {
  publicDir: false,
  resolve: { alias },
  build: {
    outDir: fileURLToPath(new URL('dist', import.meta.url)),
    emptyOutDir: false,
    target: 'es2023',
    // for ES modules Vite keeps white space; nobody bundles this file again
    rolldownOptions: { output: { minify: true } },
    lib: {
      entry: fileURLToPath(new URL('client/browser.ts', import.meta.url)),
      formats: ['es'],
      fileName: () => 'tapline.browser.js',
    },
  },
};

export default config;
