import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { lockDirectory, unusableDirectory } from '../../src/server/state-directory.ts';
import { createServer } from '../../src/server/index.ts';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-state-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test('temporary files of a killed server are deleted on start, and no other files', async () => {
  const temporary = [
    'mill~pipeline.state.4294967295',
    'hall.2~next-value.safetensors.17',
    'learners.json.3000000000',
    'alarms.json.12',
    'alarms.json.broken.99',
  ];
  const others = [
    'alarms.jsonl.1',
    'learners.json.bak',
    'learners.json.4294967296',
    'mill~pipeline.state.007',
    'mill~pipeline.state.12.txt',
    'notes.txt.123456789',
    'weights.safetensors.123456789',
  ];
  for (const file of [...temporary, ...others]) await writeFile(join(directory, file), '');
  await (await lockDirectory(directory)).release();
  expect((await readdir(directory)).sort()).toEqual(others.sort());
});

test('temporary files are kept while another server uses the directory', async () => {
  const first = await lockDirectory(directory);
  await writeFile(join(directory, 'learners.json.17'), '');
  await expect(lockDirectory(directory)).rejects.toThrow('another server uses it');
  expect(existsSync(join(directory, 'learners.json.17'))).toBe(true);
  await first.release();
});

test.each([
  ['EROFS', 'the file system is read-only'],
  ['EACCES', 'permission denied'],
  ['ENOENT', 'no directory can be created there'],
  ['ENOTDIR', 'a part of the path is a file'],
  ['ENOSPC', 'the disk is full'],
])('%s of a state directory is reported in words', (code, reason) => {
  const error = Object.assign(new Error(`${code}: some text, open '/x/lock'`), { code });
  expect(unusableDirectory('/x', error).message).toBe(`statePath must be a writable directory, got /x: ${reason}`);
});

test('a file, a path in a file, and a directory without room for directories are rejected in words', async () => {
  const file = join(directory, 'file');
  await writeFile(file, '');
  const reject = (statePath: string, reason: string) =>
    expect(createServer({ port: 0, statePath })).rejects.toThrow(
      `statePath must be a writable directory, got ${statePath}: ${reason}`,
    );
  await reject(file, 'it is a file');
  await reject(join(file, 'x'), 'a part of the path is a file');
  if (existsSync('/proc/self')) await reject('/proc/tapline/state', 'no directory can be created there');
  await mkdir(join(directory, 'taken', 'history.db'), { recursive: true });
  await reject(join(directory, 'taken'), 'the file cannot be opened');
});
