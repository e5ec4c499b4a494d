import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pythonWith } from '../python-with.ts';
import { command, start } from './run-tapline.ts';

const python = pythonWith('pty');
const script = fileURLToPath(new URL('in-terminal.py', import.meta.url));

/** Runs `tapline …` in a pseudo terminal. Types each text when the output before it matches its pattern. */
async function inTerminal(args: string[], answers: [string, string][]): Promise<{ output: string; code: number }> {
  const child = spawn(python!, [script], { stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ command: [process.execPath, ...command, ...args], answers }));
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) text += piece;
  return JSON.parse(text) as { output: string; code: number };
}

let directory: string;
let table: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  table = join(directory, 'table.csv');
  await writeFile(table, 'a,b\n1,2\n3,4\n5,6\n');
});
afterAll(() => rm(directory, { recursive: true }));

describe.skipIf(!python)('on a terminal', () => {
  test('a missing sampling rate is asked for until the answer is valid', async () => {
    const { output, code } = await inTerminal(
      ['inspect', table],
      [
        ['Sampling rate in Hz: ', 'fast\r'],
        ['a number > 0 in Hz\\.\\s+Sampling rate in Hz: ', '4\r'],
      ],
    );
    expect(output).toContain('the file has no time column.');
    expect(output).toMatch(/Sampling rate +4 Hz/);
    expect(code).toBe(0);
  });

  test.each([
    ['Enter without a default', '\r'],
    ['Ctrl-C', '\x03'],
    ['Ctrl-D', '\x04'],
  ])('%s ends the question with the option to set', async (_, key) => {
    const { output, code } = await inTerminal(['inspect', table], [['Hz: ', key]]);
    expect(output).toContain('Set the sampling rate with --rate <hz>.');
    expect(code).toBe(2);
  });

  test('replay shows what it waits for, and a key skips it; Ctrl-C still ends it', async () => {
    const server = start(['serve', '--port', '0'], directory);
    try {
      const [, address] = await server.prints(/Tapline is running at http(:\/\/127\.0\.0\.1:\d+)\n/);
      const rows = [0, 1, 2, 3, 4, 5, 3600, 3601].map((s) => `${new Date(1.7e12 + s * 1000).toISOString()},${s}`);
      const paused = join(directory, 'paused.csv');
      await writeFile(paused, `time,a\n${rows.join('\n')}\n`);
      const args = ['replay', paused, '--to', `ws${address}`, '--speed', '20'];
      const wait = /Waiting \d min \d+ s: no data until 23:13:21\. Press any key to skip\./;
      const skipped = await inTerminal(args, [['skip', ' ']]);
      expect(skipped.output).toMatch(wait);
      expect(skipped.output).toMatch(/Sent \d+ frames to \S+\r\n$/);
      const ended = await inTerminal(args, [['skip', '\x03']]);
      expect(ended.output).toContain('before it was stopped');
      expect([skipped.code, ended.code]).toEqual([0, 0]);
    } finally {
      server.process.kill('SIGKILL');
      await server.ended;
    }
  });
});
