import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { applyCommand } from '../../src/cli/apply.ts';
import { learnCommand } from '../../src/cli/learn/learn.ts';
import { decodeSafetensors } from '../../src/core/state/safetensors.ts';
import { noise } from '../core/network/random-networks.ts';
import { runCommand } from './run-command.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tapline-'));
});
afterAll(() => rm(directory, { recursive: true }));

const frames = 6000;

/** The numbers of the columns of a CSV file without its time column, by frame. */
async function columns(name: string): Promise<number[][]> {
  const rows = (await readFile(join(directory, name), 'utf8')).trim().split('\n').slice(1);
  return rows.map((row) => row.split(',').slice(1).map(Number));
}

test.each([
  ['a forecast over 3 frames', ['--horizon', '3'], 3],
  ['a deep network', ['--network', 'deep.json'], 1],
])(
  'the printed score of the saved weights is that of tapline apply on the stated frames: %s',
  async (_, args, lead) => {
    const [drive, hiss] = [noise(1, frames), noise(2, frames)];
    const rows = ['time (s),a,b'];
    for (let t = 0, last = 0, before = 0; t < frames; t++) {
      [last, before] = [1.8 * last - 0.9 * before + drive[t], last];
      rows.push([t / 100, Math.fround(last), Math.fround(100 * last + 50 * hiss[t])].join());
    }
    const at = (name: string) => join(directory, name);
    await writeFile(at('in.csv'), rows.join('\n'));
    const layers = [
      { type: 'conv1d', outChannels: 4, kernelSize: 5 },
      { type: 'tanh' },
      { type: 'conv1d', outChannels: 2, kernelSize: 4 },
    ];
    await writeFile(at('deep.json'), JSON.stringify({ inChannels: 2, layers }));
    const options = args.map((arg) => (arg.endsWith('.json') ? at(arg) : arg));
    const { stdout } = await runCommand(learnCommand(), [at('in.csv'), '-o', at('w.safetensors'), ...options]);
    await runCommand(applyCommand(), [at('w.safetensors'), at('in.csv'), '-o', at('out.csv')]);
    const { metadata } = decodeSafetensors(await readFile(at('w.safetensors')));
    const { holdout } = JSON.parse(metadata.score) as {
      holdout: { nmse: number; skill: number; frames: number; setAside: number; ranges: [number, number][] };
    };
    const [x, y] = [await columns('in.csv'), await columns('out.csv')];
    const scored = holdout.ranges.flatMap(([from, to]) => Array.from({ length: to - from }, (__, i) => from + i));
    expect(scored).toHaveLength(holdout.frames);
    const share = (predicted: (t: number, c: number) => number) => {
      const shares = [0, 1].map((c) => {
        const mean = scored.reduce((sum, t) => sum + x[t][c], 0) / scored.length;
        const variance = scored.reduce((sum, t) => sum + (x[t][c] - mean) ** 2, 0);
        return scored.reduce((sum, t) => sum + (predicted(t, c) - x[t][c]) ** 2, 0) / variance;
      });
      return (shares[0] + shares[1]) / 2;
    };
    const nmse = share((t, c) => y[t - lead][c]);
    expect(holdout.nmse).toBeCloseTo(nmse, 5);
    expect(holdout.skill).toBeCloseTo(1 - nmse / share((t, c) => x[t - lead][c]), 5);
    expect(scored[0]).toBeGreaterThan(holdout.setAside);
    const [, frame, count, error] =
      /^Saved the weights as they were at frame (\d+)\. On (\d+) later frames .*\ntheir error is (\S+) times/m.exec(
        stdout,
      )!;
    expect([Number(frame), Number(count)]).toEqual([holdout.setAside, holdout.frames]);
    expect(Number(error)).toBeCloseTo(nmse, 2);
  },
);
