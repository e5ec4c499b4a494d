import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The built command line if it is newer than every source, as in `npm test`; otherwise its sources. */
function main(): string[] {
  const built = pathOf('dist/src/cli/main.js');
  const changed = readdirSync(pathOf('src'), { recursive: true, encoding: 'utf8' }).map(
    (file) => statSync(join(pathOf('src'), file)).mtimeMs,
  );
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...changed)) return [built];
  return ['--import', import.meta.resolve('tsx'), pathOf('src/cli/main.ts')];
}

/** The arguments of Node.js that start the command line. */
export const command: readonly string[] = main();

/** A command that runs in its own process. */
export interface Running {
  process: ChildProcess;
  /** The output so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when the output of either stream matches; rejects with the output if the process ends before. */
  prints(pattern: RegExp): Promise<RegExpExecArray>;
  /** Resolves with its exit code. */
  ended: Promise<number | null>;
}

/** Starts `tapline …` in the directory `cwd`. */
export function start(args: string[], cwd?: string): Running {
  const child = spawn(process.execPath, [...command, ...args], {
    cwd,
    env: { ...process.env, NO_COLOR: '1', TAPLINE_DEBUG: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const from of ['stdout', 'stderr'] as const)
    child[from].setEncoding('utf8').on('data', (text: string) => {
      output[from] += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const prints = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(output.stdout) ?? pattern.exec(output.stderr);
        if (found) resolve(found);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${pattern}: ${output.stdout}${output.stderr}`)));
    });
  return { process: child, stdout: () => output.stdout, stderr: () => output.stderr, prints, ended };
}

/** Runs `tapline …` until it ends. */
export async function run(
  args: string[],
  cwd?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = start(args, cwd);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}
