import { spawnSync } from 'node:child_process';

/** Python modules that only some tests need, and the Debian packages that contain them. */
const requirements = [
  { module: 'websockets', debian: 'python3-websockets' },
  { module: 'mne', debian: 'python3-mne' },
  { module: 'pandas', debian: 'python3-pandas' },
  { module: 'torch', debian: 'python3-torch' },
];

/** Installs the modules where that is allowed (root, with apt-get); elsewhere prints that their tests are skipped. */
export default function setup(): void {
  for (const { module, debian } of requirements) {
    if (isInstalled(module)) continue;
    if (process.getuid?.() === 0 && succeeds('apt-get', ['--version'])) {
      const install = ['install', '-y', '-qq', '--no-install-recommends', debian];
      if (!succeeds('apt-get', install)) succeeds('apt-get', ['update', '-qq']);
      succeeds('apt-get', install);
    }
    if (!isInstalled(module))
      console.log(`python3 has no module ${module} (Debian: ${debian}): tests that need it are skipped.`);
  }
}

function isInstalled(module: string): boolean {
  return ['python3', '/usr/bin/python3'].some((python) => succeeds(python, ['-c', `import ${module}`]));
}

function succeeds(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore', timeout: 300_000 }).status === 0;
}
