import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

export const root: string = fileURLToPath(new URL('..', import.meta.url));

/** What a child process wrote, and how it ended. */
export interface Ended {
  stdout: string;
  stderr: string;
  code: number | null;
}

export interface RunOptions {
  cwd?: string;
  /** Added to this process's own. */
  environment?: Record<string, string>;
  /** What must be heard on stdout or stderr before `meanwhile` runs; nothing when absent. */
  until?: RegExp;
  /** Runs beside the process, which is then stopped by Ctrl-C. */
  meanwhile?: (heard: RegExpExecArray) => Promise<void>;
}

/** Runs a program to its end, or until it has said what was waited for. What `meanwhile` throws is thrown. */
export async function run(program: string, args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const { cwd = root, environment, meanwhile } = options;
  const until = options.until ?? (meanwhile && /^/);
  const child = spawn(program, args, {
    cwd,
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended: Ended = { stdout: '', stderr: '', code: null };
  const closed = once(child, 'close') as Promise<[number | null]>;
  let doing: Promise<void> | undefined;
  const listen = (): void => {
    const heard = until?.exec(ended.stdout) ?? until?.exec(ended.stderr);
    if (!heard || doing) return;
    doing = (meanwhile?.(heard) ?? Promise.resolve()).finally(() => child.kill('SIGINT'));
    doing.catch(() => {});
  };
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      ended[name] += text;
      listen();
    });
  listen();
  [ended.code] = await closed;
  await doing;
  return ended;
}

/** Runs a TypeScript or JavaScript file. */
export function runScript(file: string, args: readonly string[] = [], options: RunOptions = {}): Promise<Ended> {
  const sockets = Number(process.versions.node.split('.')[0]) < 22 ? ['--experimental-websocket'] : [];
  return run(process.execPath, [...sockets, '--import', import.meta.resolve('tsx'), file, ...args], options);
}
