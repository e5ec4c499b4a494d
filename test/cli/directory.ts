import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Running, start } from './run-tapline.ts';

/** A temporary directory in which commands run. */
export interface CommandDirectory {
  readonly path: string;
  /** Starts `tapline …` in the directory. */
  start(...args: string[]): Running;
  /** Kills the commands that are running, and deletes the directory. */
  remove(): Promise<void>;
}

export async function commandDirectory(): Promise<CommandDirectory> {
  const path = await mkdtemp(join(tmpdir(), 'tapline-'));
  const begun: Running[] = [];
  return {
    path,
    start(...args) {
      const running = start(args, path);
      begun.push(running);
      return running;
    },
    async remove() {
      for (const { process } of begun) process.kill('SIGKILL');
      await Promise.all(begun.map(({ ended }) => ended));
      await rm(path, { recursive: true });
    },
  };
}
