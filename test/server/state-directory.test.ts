import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createServer } from '../../src/server/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-state-'));
});
afterEach(() => rm(directory, { recursive: true }));

const serve = (statePath: string) => createServer({ port: 0, statePath });

test('a state directory is locked by one server at a time and released when it stops', async () => {
  const path = join(directory, 'new', 'state');
  const first = await serve(path);
  expect(await readFile(join(path, 'lock'), 'utf8')).toBe(`${process.pid}\n`);
  await expect(serve(path)).rejects.toThrow(/another server uses it \(process \d+\); choose another directory$/);
  await first.close();
  expect(existsSync(join(path, 'lock'))).toBe(false);
  await (await serve(path)).close();
});

test('the lock of another process is respected while it runs, and replaced after it was killed', async () => {
  const other = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)']);
  await once(other, 'spawn');
  await writeFile(join(directory, 'lock'), `${other.pid}\n`);
  await expect(serve(directory)).rejects.toThrow(`another server uses it (process ${other.pid})`);
  other.kill('SIGKILL');
  await once(other, 'exit');
  await (await serve(directory)).close();
});

test('an unusable path is rejected with a sentence, and a server that could not start releases its lock', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  await expect(serve(join(file, 'x'))).rejects.toThrow(/^statePath must be a writable directory, got .*x: /);
  const running = await createServer({ port: 0 });
  await expect(createServer({ port: running.port, statePath: directory })).rejects.toThrow(
    /in use; choose another port/,
  );
  await running.close();
  await (await serve(directory)).close();
});

test.skipIf(!existsSync('/proc/self'))('a path in /proc is rejected', async () => {
  await expect(serve('/proc/tapline/state')).rejects.toThrow(
    'statePath must be a writable directory, got /proc/tapline/state: ',
  );
});
