import { fileURLToPath } from 'node:url';
import type { UserConfig } from 'vite';

/** Resolves `#websocket` to the browser's global WebSocket. */
export const alias: Record<string, string> = {
  '#websocket': fileURLToPath(new URL('src/operators/global-websocket.ts', import.meta.url)),
};

/** Builds the dashboard that the server serves, in dist/page. Nothing is inlined, so a strict CSP can be enforced. */
const config: UserConfig = {
  root: fileURLToPath(new URL('client/dashboard', import.meta.url)),
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
