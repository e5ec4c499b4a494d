import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('runtimes', import.meta.url));
const parts = ['node26/bin/node', 'typescript5/bin/tsc', 'typescript7/bin/tsc'];

/** Installs the other versions of Node.js and TypeScript for the tests that need them; prints a line where it cannot. */
export default function setup(): void {
  const missing = () => parts.filter((part) => !existsSync(`${folder}/node_modules/${part}`));
  if (missing().length === 0) return;
  // the packages of Node.js are for Linux on x64
  const supported = process.platform === 'linux' && process.arch === 'x64';
  if (supported)
    spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  if (missing().length > 0)
    console.log('Node.js 22, 24, and 26 and TypeScript 5.9 and 7 are not installed: tests that need them are skipped.');
}
