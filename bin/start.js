/**
 * `npm start`: builds Tapline, then runs `tapline serve --demo` with the given arguments, for example
 * `npm start -- --port 9000`.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
if (!existsSync(new URL('../node_modules/typescript', import.meta.url))) {
  process.stderr.write('The dependencies are not installed. Run `npm ci` first.\n');
  process.exit(1);
}
process.stdout.write('Building Tapline (about 15 s) …\n');
const npm = process.env.npm_execpath;
const [command, args] = npm ? [process.execPath, [npm]] : ['npm', []];
const build = spawnSync(command, [...args, 'run', 'build', '--silent'], { cwd: root, stdio: 'inherit' });
if (build.status !== 0) {
  process.stderr.write('The build failed.\n');
  process.exit(1);
}

const main = fileURLToPath(new URL('../dist/src/cli/main.js', import.meta.url));
process.argv = [process.execPath, main, 'serve', '--demo', ...process.argv.slice(2)];
await import(new URL('../dist/src/cli/main.js', import.meta.url).href);
