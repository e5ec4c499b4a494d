import { build, type Rollup } from 'vite';
import { fileURLToPath } from 'node:url';
import { alias } from '../../vite.config.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Builds as `vite build` does, though the tests' environment says that it is one of tests. */
async function inProduction<T>(make: () => Promise<T>): Promise<T> {
  const before = process.env.NODE_ENV;
  process.env.NODE_ENV = 'production';
  return make().finally(() => (process.env.NODE_ENV = before));
}

/** 'tapline/client' as one file, as a page's bundler would make it. */
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

/** The page, built as it is served, into `directory`. */
export async function buildPage(directory: string): Promise<void> {
  await inProduction(() =>
    build({
      configFile: `${root}vite.config.ts`,
      logLevel: 'silent',
      build: { outDir: directory, emptyOutDir: true },
    }),
  );
}
