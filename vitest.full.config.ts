import { defineConfig } from 'vitest/config';
import config from './vitest.config.ts';

const { globalSetup, reporters } = config.test ?? {};

/** The long tests, `*.full.test.ts`: what takes more than a few seconds and rarely breaks. */
export default defineConfig({
  test: { globalSetup, reporters, include: ['test/**/*.full.test.ts'], testTimeout: 300_000, hookTimeout: 120_000 },
});
