import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { Contestant } from '../contestant.ts';

/** A C++ program of this folder, built in a temporary folder. */
export interface NativeProgram {
  readonly folder: string;
  readonly file: string;
}

/** Compiles `source` with `flags`. Throws if there is no compiler or a header or library is missing. */
export function build(source: string, flags: readonly string[]): NativeProgram {
  const folder = mkdtempSync(join(tmpdir(), 'tapline-bench-'));
  process.once('exit', () => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program');
  const path = fileURLToPath(new URL(source, import.meta.url));
  const optimization = ['-std=c++17', '-O3', '-march=native', '-DNDEBUG'];
  execFileSync(process.env.CXX ?? 'c++', [...optimization, path, '-o', file, ...flags], { stdio: 'pipe' });
  return { folder, file };
}

/**
 * Creates a contestant in a process of its own, which waits during the turns of others. `numbers` are written to a file
 * that is the program's last argument.
 */
export function nativeContestant(
  engine: string,
  { folder, file }: NativeProgram,
  name: string,
  args: readonly string[],
  numbers: Uint8Array,
): Contestant {
  const input = join(folder, name);
  writeFileSync(input, numbers);
  const child = spawn(file, [...args, input], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const request = async (calls: number): Promise<number[]> => {
    child.stdin.write(`${calls}\n`);
    const { value, done } = await lines.next();
    if (done) throw new Error(`${engine} must answer on ${name}, got the end of its output`);
    return value.split(' ').map(Number);
  };
  return {
    engine,
    run: async (calls) => (await request(calls)).slice(1),
    time: async (calls) => (await request(calls))[0] / 1e6,
    close: () => child.stdin.end(),
  };
}

/** Concatenates arrays of numbers to bytes. */
export function bytesOf(parts: readonly Float32Array[]): Uint8Array {
  return Buffer.concat(parts.map(({ buffer }) => new Uint8Array(buffer)));
}
