/**
 * Measures recording, relative to plain writes of the same samples in the same rounds.
 * `npm run bench:store -- --help` prints the options.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Block } from '../src/core/blocks/block.ts';
import { random } from '../src/core/random.ts';
import { Recorder } from '../src/store/recorder.ts';
import { roundsOf, runCommand } from './command.ts';
import type { Contestant } from './contestant.ts';
import { digits, machine, table } from './report.ts';
import { race } from './rounds.ts';

/** One entry of the JSON file: µs per block of 25 frames of 8 channels, and the ratio to plain writes. */
export interface StoreFigure {
  readonly name: string;
  readonly us: number;
  readonly ratio: number;
}

const channels = 8;
const frames = 25;
const samples = channels * frames;
const rate = 250;
const labels = Array.from({ length: channels }, (_, c) => ({ label: `c${c}`, unit: 'µV' }));

/** Different blocks in turn. */
function blocks(): Float32Array[] {
  const rng = random(1);
  return Array.from({ length: 64 }, () => Float32Array.from({ length: samples }, () => rng.normal()));
}

/** How blocks arrive: for `streams` in turn, and how many of each stream are written together. */
interface Load {
  readonly streams: number;
  readonly together: number;
}

/** A call appends `streams * together` blocks to one file per stream, without a header, a checksum, or tiers. */
function plainWrites(directory: string, { streams, together }: Load): Contestant {
  const data = blocks();
  const bytes = 4 * samples;
  const buffers = Array.from({ length: streams }, () => new Uint8Array(bytes * together));
  const files: FileHandle[] = [];
  const positions = buffers.map(() => 0);
  let next = 0;
  const write = async (stream: number): Promise<void> => {
    await files[stream].write(buffers[stream], 0, bytes * together, positions[stream]);
    positions[stream] += bytes * together;
  };
  const flush = async (): Promise<void> => {
    let stream = 0;
    const writeInTurn = async (): Promise<void> => {
      while (stream < streams) await write(stream++);
    };
    // four at a time, as the recorder
    await Promise.all([1, 2, 3, 4].map(writeInTurn));
  };
  const run = async (calls: number): Promise<ArrayLike<number>> => {
    for (let n = files.length; n < streams; n++) files.push(await open(join(directory, String(n)), 'w'));
    for (let call = 0; call < calls; call++) {
      for (let n = 0; n < streams * together; n++, next++) {
        const block = data[next % data.length];
        const part = new Uint8Array(block.buffer, block.byteOffset, block.byteLength);
        buffers[n % streams].set(part, bytes * Math.floor(n / streams));
      }
      await flush();
    }
    return [];
  };
  const close = () => Promise.all(files.map((file) => file.close()));
  return { engine: 'plain writes', run, close };
}

/** A call records the same blocks, with tiers. */
async function recorded(
  directory: string,
  { streams, together }: Load,
  fsync: 'never' | 'always',
): Promise<Contestant> {
  const data = blocks();
  const recorder = await Recorder.open(directory, {
    fsync,
    commitInterval: 60_000,
    memoryBytes: 1 << 28,
    retention: { minFree: 0, maxBytes: 2e9 },
    retentionInterval: 1000,
  });
  const names = Array.from({ length: streams }, (_, n) => `s${n}`);
  const starts = names.map(() => 0);
  for (const name of names) recorder.record(name, { type: 'run', run: 0, next: 0, time: 0, channels: labels, rate });
  let next = 0;
  const run = async (calls: number): Promise<ArrayLike<number>> => {
    for (let call = 0; call < calls; call++) {
      for (let n = 0; n < streams * together; n++, next++) {
        const stream = n % streams;
        const start = starts[stream];
        const block: Block = { data: data[next % data.length], channels, start, rate, time: (start * 1000) / rate };
        recorder.record(names[stream], { type: 'block', block });
        starts[stream] += frames;
      }
      await recorder.flush();
    }
    return [];
  };
  const engine = fsync === 'never' ? 'recorder' : 'recorder, fsync';
  const close = async (): Promise<void> => {
    const lost = recorder.status().streams.reduce((sum, each) => sum + each.lost.frames, 0);
    if (lost > 0) throw new Error(`the recorder must record everything, got ${lost} lost frames`);
    await recorder.close();
  };
  return { engine, run, close };
}

const loads: readonly Load[] = [
  { streams: 1, together: 512 },
  { streams: 300, together: 2 },
];

async function measure(load: Load, rounds: number): Promise<StoreFigure[]> {
  const directory = mkdtempSync(join(tmpdir(), 'tapline-bench-'));
  try {
    const contestants = [
      plainWrites(directory, load),
      await recorded(join(directory, 'never'), load, 'never'),
      await recorded(join(directory, 'always'), load, 'always'),
    ];
    const timings = await race(contestants, rounds);
    for (const contestant of contestants) await contestant.close?.();
    const title = `${load.streams} ${load.streams === 1 ? 'stream' : 'streams'}, ${load.together} blocks per write`;
    const count = load.streams * load.together;
    return timings.map(({ engine, us, ratio }) => ({ name: `${title}: ${engine}`, us: us / count, ratio }));
  } finally {
    rmSync(directory, { recursive: true });
  }
}

const usage = `npm run bench:store -- [options]
  --json <file>  Write the figures as [{ name, us, ratio }]
  --rounds <n>   Rounds per row (default: 15)`;

interface Options {
  readonly json: string | undefined;
  readonly rounds: number;
}

function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    options: { json: { type: 'string' }, rounds: { type: 'string', default: '15' } },
  });
  return { json: values.json, rounds: roundsOf(values.rounds) };
}

await runCommand(usage, readOptions, async ({ json, rounds }) => {
  console.log(`${machine()}\n`);
  const figures: StoreFigure[] = [];
  for (const load of loads) figures.push(...(await measure(load, rounds)));
  const rows = figures.map(({ name, us, ratio }) => [name, digits(us), digits(samples / us), digits(ratio)]);
  console.log(table([`blocks of ${frames} × ${channels}`, 'µs per block', 'M samples per second', 'ratio'], rows));
  if (json !== undefined) writeFileSync(json, JSON.stringify(figures, null, 2));
});
