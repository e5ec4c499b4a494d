import { existsSync, readFileSync } from 'node:fs';

/** The package's version, from the package.json nearest above this file (the built files lie deeper than the sources). */
export function version(): string {
  for (let up = new URL('.', import.meta.url); up.pathname !== '/'; up = new URL('..', up)) {
    const manifest = new URL('package.json', up);
    if (existsSync(manifest)) return (JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }).version;
  }
  return 'unknown';
}
