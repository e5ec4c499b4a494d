import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root } from './run-process.ts';

const run = promisify(execFile);

describe.skipIf(!existsSync(join(root, '.git')))('npx tapline in a fresh clone, with an empty npm cache', () => {
  let folder = '';
  let clone = '';
  const npx = (...args: string[]) =>
    run('npx', ['--yes', 'tapline', ...args], {
      cwd: clone,
      env: { ...process.env, npm_config_cache: join(folder, 'cache'), npm_config_update_notifier: 'false' },
    });
  /** What a build leaves: files without an execute bit. */
  const build = async () => {
    await rm(join(clone, 'dist'), { recursive: true, force: true });
    await cp(join(root, 'dist'), join(clone, 'dist'), { recursive: true });
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tapline-clone-'));
    clone = join(folder, 'tapline');
    await run('git', ['clone', '--quiet', '--no-hardlinks', root, clone]);
    for (const file of ['package.json', 'bin/tapline.js']) await cp(join(root, file), join(clone, file));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('prints how to build the package before the first build, and runs after each build', async () => {
    await expect(npx('--help')).rejects.toMatchObject({
      code: 1,
      stderr: 'tapline is not built yet. Run `npm run build` first.\n',
    });
    await symlink(join(root, 'node_modules'), join(clone, 'node_modules'), 'junction'); // as after npm ci
    await expect(npx('--help')).rejects.toMatchObject({ code: 1 });
    const { version } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8')) as { version: string };
    for (const round of ['the first build', 'a rebuild from nothing']) {
      await build();
      expect((await npx('--version')).stdout.trim(), round).toBe(version);
      expect((await npx('--help')).stdout, round).toContain('Usage: tapline');
    }
  });
});
