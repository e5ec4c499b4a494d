/**
 * Compares the band power of an EEG recording during alpha with the rest of the recording.
 *
 *     npx tsx examples/05-eeg-recording.ts                                     a simulated headset, 120 s
 *     npx tsx examples/05-eeg-recording.ts <file> [spans] [channels]           such as 28-50,64-74 (s) and 7,8
 *
 * The default spans and channels are those of OpenBCI's sample recording with alpha.
 */
import { from } from 'rxjs';
import { bandPower, eegBands, plan, timeOf, type Block } from 'tapline';
import { convolve } from 'tapline/operators';
import { EegSimulator } from 'tapline/sources';
import { readRecordingFile } from 'tapline/sources/node';

interface Session {
  blocks: readonly Block[];
  channels: number;
  rate: number;
  /** [from, to] of each span with alpha, in seconds. */
  spans: number[][];
  /** Channels to average, counted from 1. */
  selected: number[];
}

/** 120 seconds of the simulated headset. Alpha is present while the eyes are closed, and strongest at O1 and O2. */
function simulated(): Session {
  const headset = new EegSimulator({ seed: 1 });
  const { rate, channels } = headset;
  const parts = Array.from({ length: 120 }, () => headset.next(rate));
  const closed = parts.flatMap(({ events }) => events.filter(({ label }) => label === 'eyes closed'));
  const spans = closed.map(({ at, frames }) => [at / rate, (at + frames) / rate]);
  return { blocks: parts.map(({ eeg }) => eeg), channels: channels.length, rate, spans, selected: [7, 8] };
}

async function recorded(file: string, spans = '28-50,64-74', selected = '7,8'): Promise<Session> {
  const { blocks, channels, rate } = await readRecordingFile(file);
  const numbers = (text: string, separator: string) => text.split(separator).map(Number);
  const within = spans.split(',').map((span) => numbers(span, '-'));
  return { blocks, channels: channels.length, rate, spans: within, selected: numbers(selected, ',') };
}

const [file, ...rest] = process.argv.slice(2);
const { blocks, channels, rate, spans, selected } = file === undefined ? simulated() : await recorded(file, ...rest);
const network = bandPower({ channels, rate });
const delay = plan(network.spec, rate).groupDelay.ms / 1000;
const begin = blocks[0].time;
const names = Object.keys(eegBands);
const inside = names.map(() => ({ sum: 0, count: 0 }));
const outside = names.map(() => ({ sum: 0, count: 0 }));

from(blocks)
  .pipe(convolve(network))
  .subscribe((power) => {
    for (let n = 0; n * power.channels < power.data.length; n++) {
      if (power.valid?.[n] === 0) continue;
      const center = (timeOf(power, power.start + n) - begin) / 1000 - delay;
      const sums = spans.some(([from, to]) => center >= from && center < to) ? inside : outside;
      names.forEach((_, band) => {
        for (const channel of selected) {
          sums[band].sum += power.data[n * power.channels + band * channels + channel - 1];
          sums[band].count++;
        }
      });
    }
  });

const mean = ({ sum, count }: { sum: number; count: number }) => sum / count;
console.log(`${file ?? 'simulated headset'}, channels ${selected.join(' and ')}, mean band power in dB (0 dB = 1 µV²)`);
console.log(`inside = ${spans.map(([a, b]) => `${a.toFixed(0)}-${b.toFixed(0)} s`).join(', ')}`);
console.log('band    inside  outside  difference');
names.forEach((name, band) => {
  const cells = [mean(inside[band]), mean(outside[band]), mean(inside[band]) - mean(outside[band])];
  console.log(`${name.padEnd(6)}${cells.map((cell) => cell.toFixed(1).padStart(8)).join(' ')}`);
});
