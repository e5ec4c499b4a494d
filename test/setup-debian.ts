import { spawnSync } from 'node:child_process';

/** What only some tests need: Python modules, and the Debian packages that bring them. */
const needs = [
  { module: 'websockets', debian: 'python3-websockets' },
  { module: 'mne', debian: 'python3-mne' },
];

/** Installs it where that is allowed (root, with apt-get); elsewhere those tests are skipped, and one line says so. */
export default function setup(): void {
  for (const { module, debian } of needs) {
    if (has(module)) continue;
    const root = process.getuid?.() === 0;
    if (root && run('apt-get', ['--version'])) {
      const install = ['install', '-y', '-qq', '--no-install-recommends', debian];
      if (!run('apt-get', install)) run('apt-get', ['update', '-qq']);
      run('apt-get', install);
    }
    if (!has(module))
      console.log(`python3 has no module ${module} (Debian: ${debian}): tests that need it are skipped`);
  }
}

function has(module: string): boolean {
  return ['python3', '/usr/bin/python3'].some((python) => run(python, ['-c', `import ${module}`]));
}

function run(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 300_000 }).status === 0;
}
