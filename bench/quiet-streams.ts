import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Block } from '../src/core/blocks/block.ts';
import { random } from '../src/core/random.ts';
import { readRecordingFile } from '../src/sources/node/index.ts';

/** A stream without anomalies. */
export interface QuietStream {
  readonly name: string;
  readonly block: Block;
}

/**
 * Simulates a drifting stream with one frame per 5 minutes: daily and weekly cycles, autoregressive noise with Student's t
 * tails (3 to 8 degrees of freedom), and a slow random walk. The seed determines the size of each part.
 */
export function simulated(seed: number, frames: number): QuietStream {
  const rng = random(seed);
  const [size, weekend, memory] = [3 * rng.uniform(), rng.uniform(), 0.95 * rng.uniform()];
  const degrees = 3 + Math.floor(6 * rng.uniform());
  const drift = 0.003 * rng.uniform();
  let [noise, walk] = [0, 0];
  const data = Float32Array.from({ length: frames }, (_, t) => {
    let squares = 0;
    for (let k = 0; k < degrees; k++) squares += rng.normal() ** 2;
    noise = memory * noise + (Math.sqrt(1 - memory ** 2) * rng.normal()) / Math.sqrt(squares / degrees);
    walk += drift * rng.normal();
    const week = Math.floor(t / 288) % 7 >= 5 ? 1 - weekend / 2 : 1;
    const day = (2 * Math.PI * t) / 288;
    return 10 + size * week * Math.sin(day) + 0.5 * size * Math.sin(2 * day) + noise + walk;
  });
  return { name: 'simulated', block: { data, channels: 1, start: 0, rate: 1 / 300, time: 0 } };
}

/**
 * Reads recordings on which no setting was fitted, although their false-alarm rates were known when the prior was
 * tuned.
 */
export async function recorded(folder: string): Promise<QuietStream[]> {
  const read = async (name: string, path: string, columns: string[] | undefined, rate?: number) => {
    const { blocks, channels, rate: hz } = await readRecordingFile(join(folder, path), { columns, rate });
    const data = Float32Array.from(blocks.flatMap((block) => [...block.data]));
    return { name, block: { data, channels: channels.length, start: 0, rate: hz, time: 0 } };
  };
  const eyes = Array.from({ length: 14 }, (_, c) => `${c + 1}`);
  return [
    await read('SKAB anomaly-free, 8 channels', 'skab-half/anomaly-free/anomaly-free.csv', undefined, 1),
    { name: 'MIT-BIH 100, 2 leads', block: heart(join(folder, 'mitbih/100.dat')) },
    await read('EEG eye state, 14 channels', 'eyestate/EEG_Eye_State.csv', eyes, 128),
    await read('OpenBCI, 8 channels', 'openbci/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt', undefined),
  ];
}

/** Reads two leads of 12-bit samples, packed in three bytes (format 212), at 360 Hz. */
function heart(path: string): Block {
  const bytes = readFileSync(path);
  const signed = (sample: number) => (sample > 2047 ? sample - 4096 : sample);
  const data = new Float32Array(2 * Math.floor(bytes.length / 3));
  for (let i = 0; i < data.length; i += 2) {
    const at = (3 * i) / 2;
    data[i] = signed(bytes[at] | ((bytes[at + 1] & 15) << 8));
    data[i + 1] = signed(bytes[at + 2] | ((bytes[at + 1] >> 4) << 8));
  }
  return { data, channels: 2, start: 0, rate: 360, time: 0 };
}
