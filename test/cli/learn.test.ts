import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Network } from '../../src/core/network/network.ts';
import { noise } from '../core/network/random-networks.ts';
import { run } from './run-tapline.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
  const chance = noise(3, 3000);
  const rows = Array.from({ length: 3000 }, (_, t) => {
    const b = t > 0 ? 2 * chance[t] - chance[t - 1] : 0;
    return [t / 100, 5 + Math.sin(0.3 * t), Math.cos(0.7 * t), chance[t], b]
      .map((sample) => Math.fround(sample))
      .join();
  });
  await writeFile(join(directory, 'recording.csv'), `time (s),<sine>,hum,x,d\n${rows.join('\n')}\n`);
});
afterAll(() => rm(directory, { recursive: true }));

describe.concurrent('tapline learn', () => {
  test('forecasts in one pass; apply reads the weights; the report is a self-contained page', async () => {
    const args = ['learn', 'recording.csv', '-o', 'sine.safetensors', '--columns', '<sine>', '--taps', '4'];
    const { code, stdout, stderr } = await run([...args, '--report', 'sine.html'], directory);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^learned +\d\.\d+e-4 +\S+$/m);
    expect(stdout).toMatch(/^persistence +0\.0\d+ +0\.0\d+$/m);
    expect(stdout).toMatch(/3000 frames in \d+\.\d s, 2996 scored before training on them, 2996 updates/);
    const { stdout: applied } = await run(
      ['apply', 'sine.safetensors', 'recording.csv', '--columns', '<sine>'],
      directory,
    );
    const predicted = applied.split('\n')[2951].split(',')[1];
    expect(Number(predicted)).toBeCloseTo(5 + Math.sin(0.3 * 2951), 1);
    const page = await readFile(join(directory, 'sine.html'), 'utf8');
    expect(page).toContain('&#60;sine&#62;');
    expect(page).not.toMatch(/<sine>|<script|<link|src=|https?:|NaN/);
    expect(page.match(/<svg/g)).toHaveLength(2);
    expect(page).toContain('<title>recording.csv: learning report</title>');
    expect(page).toMatch(
      /the squared error was <strong>\d+% \w+ than<\/strong> that of the best baseline, “persistence”/,
    );
    for (const name of ['learned', 'persistence', 'moving average', 'power-line baseline'])
      expect(page).toMatch(new RegExp(`class="line-\\w+" style="bottom:[\\d.]+%">${name}</span>`));
    expect(page).toContain('All weights were zero before learning.');
  });

  test('the report shows kernels before and after learning unless they were zero before', async () => {
    const args = ['learn', 'recording.csv', '--columns', 'x'];
    await run([...args, '-o', 'first.safetensors', '--taps', '3'], directory);
    const again = ['--network', 'first.safetensors', '-o', 'second.safetensors', '--report', 'second.html'];
    const { code, stderr } = await run([...args, ...again], directory);
    expect([code, stderr]).toEqual([0, '']);
    const page = await readFile(join(directory, 'second.html'), 'utf8');
    expect(page).toMatch(/<small>Before: strongest weight .* on x at lag \d<\/small>.*<small>After: /s);
    expect(page).not.toContain('All weights were zero before learning.');
  });

  test('finds the kernel from one column to another', async () => {
    const args = ['learn', 'recording.csv', '-o', 'kernel.safetensors', '--task', 'target', '--target', 'd'];
    const { code, stderr } = await run([...args, '--columns', 'x', '--taps', '3'], directory);
    expect([code, stderr]).toEqual([0, '']);
    const network = Network.load(await readFile(join(directory, 'kernel.safetensors')));
    const [newest, before, oldest] = network.weights()['layers.0.weight'].data;
    expect([newest, before, oldest].map((weight) => Math.round(10 * weight) / 10 + 0)).toEqual([2, -1, 0]);
  });

  test('a column is the same by name or by number, and a target is never an input', async () => {
    const learned = async (...args: string[]) => {
      const { code, stdout, stderr } = await run(
        ['learn', 'recording.csv', '-o', 'one.safetensors', ...args],
        directory,
      );
      expect([code, stderr]).toEqual([0, '']);
      return stdout.split('\n').filter((line) => /^(learned|skill|loss)/.test(line));
    };
    const task = ['--task', 'target', '--taps', '3'];
    const honest = await learned(...task, '--columns', 'x', '--target', 'd');
    expect(await learned(...task, '--columns', '4,5', '--target', 'd')).toEqual(honest);
    expect(await learned(...task, '--columns', 'x,4', '--target', '5')).toEqual(honest);
    const all = await learned(...task, '--target', 'hum');
    expect(await learned(...task, '--target', '3')).toEqual(all);
  });

  test.each([
    ['the task target without --target', ['--task', 'target'], '--task target requires --target'],
    [
      'a column that does not exist',
      ['--task', 'cancel', '--noise-reference', 'eog'],
      "recording.csv: --noise-reference must be column names (time (s), <sine>, hum, x, d) or numbers from 1 to 5, got 'eog'",
    ],
    [
      'a target of all columns',
      ['--task', 'target', '--columns', 'x', '--target', 'x,d'],
      '--target must leave at least one input channel, got all of x, d',
    ],
    [
      'a noise reference of all columns',
      ['--task', 'cancel', '--columns', 'x', '--noise-reference', '4'],
      '--noise-reference must leave at least one channel to clean, got all of x',
    ],
    ['a learning rate without an optimizer', ['--learning-rate', '1'], '--learning-rate requires --optimizer'],
    ['an optimizer without a learning rate', ['--optimizer', 'adam'], '--optimizer requires --learning-rate'],
  ])('%s is rejected with one sentence', async (_, args, sentence) => {
    const { code, stderr } = await run(['learn', 'recording.csv', '-o', 'no.safetensors', ...args], directory);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
  });
});
