import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const timeouts = { testTimeout: 60_000, hookTimeout: 120_000 };
const long = ['test/**/*.full.test.ts'];
/** Folders whose tests change nothing that other tests use, except those that replace functions of the platform. */
const pure = '{client,core,formats,kernels,operators,protocol,sources,store,testing}';
const replacing = ['test/core/layers/convolution/eager.test.ts', 'test/store/failed-fsync.test.ts'];

export default defineConfig({
  test: {
    // many tests wait for servers and browsers: two at a time, also on two cores
    maxWorkers: Math.max(2, availableParallelism() - 1),
    globalSetup: ['./test/setup-debian.ts', './test/setup-runtimes.ts'],
    reporters: ['default', './test/summary-reporter.ts'],
    projects: [
      // all files of a worker load the modules once
      {
        test: {
          ...timeouts,
          name: 'pure',
          include: [`test/${pure}/**/*.test.ts`],
          exclude: [...long, ...replacing],
          isolate: false,
        },
      },
      {
        test: {
          ...timeouts,
          name: 'other',
          include: ['test/**/*.test.ts'],
          exclude: [...long, `test/${pure}/**/!(eager|failed-fsync).test.ts`],
        },
      },
    ],
  },
});
