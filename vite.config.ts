import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

/** Where a browser finds its WebSocket. */
export const alias: Record<string, string> = {
  '#websocket': fileURLToPath(new URL('src/operators/global-websocket.ts', import.meta.url)),
};

/** Builds the page that the server serves: dist/page. Nothing inline, so that a strict CSP holds. */
const config: UserConfig = {
  root: fileURLToPath(new URL('client/page', import.meta.url)),
  base: './',
  resolve: { alias },
  build: {
    outDir: fileURLToPath(new URL('dist/page', import.meta.url)),
    emptyOutDir: true,
    target: 'es2023',
    assetsInlineLimit: 0,
    modulePreload: false,
  },
};

export default config;
