import { spawnSync } from 'node:child_process';

/** A Python that has a module, or undefined, with a line that says so. Debian's own Python has Debian's modules. */
export function pythonWith(module: string): string | undefined {
  const python = ['python3', '/usr/bin/python3'].find(
    (command) => spawnSync(command, ['-c', `import ${module}`], { stdio: 'ignore' }).status === 0,
  );
  if (!python) console.info(`skipped: no python3 with the module ${module}`);
  return python;
}
