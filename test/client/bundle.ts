import { build, type Rollup } from 'vite';
import { fileURLToPath } from 'node:url';
import { alias } from '../../vite.config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a build with NODE_ENV=production, as `vite build` does. */
async function inProduction<T>(build: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  return build().finally(() => (process.env.NODE_ENV = before));
}

/** Returns 'tapline/client' as one file, as a bundler builds it. */
export async function bundleClient(): Promise<string> {
  const result = (await inProduction(() =>
    build({
      root,
      configFile: false,
      publicDir: false,
      logLevel: 'silent',
      resolve: { alias },
      build: { write: false, target: 'es2023', lib: { entry: 'client/index.ts', formats: ['es'], fileName: 'client' } },
    }),
  )) as Rollup.RollupOutput[];
  return result[0].output[0].code;
}

/** Builds the dashboard into `directory`, as it is served. */
export async function buildDashboard(directory: string): Promise<void> {
  await inProduction(() =>
    build({
      configFile: `${root}vite.config.ts`,
      logLevel: 'silent',
      build: { outDir: directory, emptyOutDir: true },
    }),
  );
}
