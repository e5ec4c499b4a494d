import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const folder = fileURLToPath(new URL('runtimes', import.meta.url));

/** Installs the other versions of Node that the engine is run in, where there are packages of them; elsewhere one line says so. */
export default function setup(): void {
  if (existsSync(`${folder}/node_modules/node26/bin/node`)) return;
  const made = process.platform === 'linux' && process.arch === 'x64';
  if (made) spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { cwd: folder, stdio: 'ignore', timeout: 300_000 });
  if (!existsSync(`${folder}/node_modules/node26/bin/node`))
    console.log('Node 22, 24 and 26 (packages for Linux on x64) are not installed: tests in them are skipped');
}
