/** Removes the compiled modules, so that a build leaves no module whose source is gone. */
import { rmSync } from 'node:fs';

for (const part of ['src', 'client', 'page'])
  rmSync(new URL(`../dist/${part}`, import.meta.url), { recursive: true, force: true });
