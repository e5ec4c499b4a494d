import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const pathOf = (file: string) => fileURLToPath(new URL(`../../${file}`, import.meta.url));

/** The built command line where it is newer than every source, as after `npm test`; else its sources. */
function main(): string[] {
  const built = pathOf('dist/src/cli/main.js');
  const changed = readdirSync(pathOf('src'), { recursive: true, encoding: 'utf8' }).map(
    (file) => statSync(join(pathOf('src'), file)).mtimeMs,
  );
  if (existsSync(built) && statSync(built).mtimeMs > Math.max(...changed)) return [built];
  return ['--import', import.meta.resolve('tsx'), pathOf('src/cli/main.ts')];
}

const command = main();

/** A command line that runs as a process of its own. */
export interface Running {
  process: ChildProcess;
  /** What it said so far. */
  stdout(): string;
  stderr(): string;
  /** Resolves when it has said something on either that matches; rejects with all that it said where it ends before. */
  says(pattern: RegExp): Promise<RegExpExecArray>;
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
  const said = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  for (const from of ['stdout', 'stderr'] as const)
    child[from].setEncoding('utf8').on('data', (text: string) => {
      said[from] += text;
      for (const listener of listeners) listener();
    });
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)));
  const says = (pattern: RegExp) =>
    new Promise<RegExpExecArray>((resolve, reject) => {
      const look = () => {
        const found = pattern.exec(said.stdout) ?? pattern.exec(said.stderr);
        if (found) resolve(found);
      };
      listeners.add(look);
      look();
      void ended.then(() => reject(new Error(`ended without ${pattern}: ${said.stdout}${said.stderr}`)));
    });
  return { process: child, stdout: () => said.stdout, stderr: () => said.stderr, says, ended };
}

/** Runs `tapline …` to its end. */
export async function run(
  args: string[],
  cwd?: string,
): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const running = start(args, cwd);
  const code = await running.ended;
  return { code, stdout: running.stdout(), stderr: running.stderr() };
}
