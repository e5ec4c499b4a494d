import { mergeConfig } from 'vitest/config';
import config from './vitest.config.ts';

/** The long tests, `*.full.test.ts`: what takes more than a few seconds and rarely breaks. */
export default mergeConfig(
  { ...config, test: { ...config.test, include: [], exclude: [] } },
  {
    test: { include: ['test/**/*.full.test.ts'], testTimeout: 300_000 },
  },
);
