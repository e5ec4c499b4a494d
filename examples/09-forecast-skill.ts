/**
 * Forecasts the next frame of a recording in one pass and compares the error with two baselines that do not learn:
 *
 *     persistence            x[t] = x[t-1]
 *     constant + power line  x[t] = x[t-1] + c (x[t-1] - x[t-2]) - (x[t-2] - x[t-3])        c = 2 cos(2π 60 / rate)
 *
 * NMSE = mean squared error / variance, averaged over the channels, without the first 4 s. The learner has the default settings (the
 * optimizer adapts the learning rate; weights start at zero) and 16 taps from every channel to every channel.
 *
 *     npx tsx examples/09-forecast-skill.ts <file>
 *
 * The figures in docs/eeg.md are for this public file (MIT license):
 *     github.com/OpenBCI/OpenBCI_GUI at commit 41610b98e6ac0ebc731d278d99813fd6cc9f8c81
 *     OpenBCI_GUI/data/EEG_Sample_Data/OpenBCI_GUI-v6-blinks-jawClench-alpha.txt
 *     sha256 cc5f303bba1270a9a236b42497dfec531c8a1e91d8540eab1e097848940395d3
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { from, tap, type OperatorFunction } from 'rxjs';
import { butterworthHighPass, notch, type Block, type NetworkSpec } from 'tapline';
import { fillGaps, iir, learn, standardize } from 'tapline/operators';
import { readRecordingFile } from 'tapline/sources/node';

const file = process.argv[2];
if (file === undefined) {
  console.error('Usage: npx tsx examples/09-forecast-skill.ts <file>');
  process.exit(2);
}
const recording = await readRecordingFile(file);
const { rate } = recording;
const channels = recording.channels.length;
const total = recording.frames + recording.lost;
const spec: NetworkSpec = { inChannels: channels, layers: [{ type: 'conv1d', outChannels: channels, kernelSize: 16 }] };

/** The stream after `preprocess`, and the error of its forecast, [frames, channels]; NaN if there is no forecast. */
function forecast(preprocess: OperatorFunction<Block, Block>): { x: Float32Array; errors: Float32Array } {
  const x = new Float32Array(total * channels);
  const errors = new Float32Array(total * channels).fill(NaN);
  const keep = tap((block: Block) => x.set(block.data, block.start * channels));
  from(recording.blocks)
    .pipe(fillGaps(), preprocess, keep, learn(spec))
    .subscribe(({ error }) => errors.set(error.data, (error.start + 1) * channels));
  return { x, errors };
}

/** NMSE of `errorAt(i)`, i an index into [frames, channels], over the frames that have a forecast. */
function nmse(x: Float32Array, errors: Float32Array, errorAt: (i: number) => number): number {
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    let [count, mean, square, error] = [0, 0, 0, 0];
    for (let i = 4 * rate * channels + c; i < x.length; i += channels) {
      if (Number.isNaN(errors[i])) continue;
      count++;
      mean += x[i];
      square += x[i] ** 2;
      error += errorAt(i) ** 2;
    }
    sum += error / (square - mean ** 2 / count) / channels;
  }
  return sum;
}

function row(name: string, preprocess: OperatorFunction<Block, Block>): string {
  const { x, errors } = forecast(preprocess);
  const c = 2 * Math.cos((2 * Math.PI * 60) / rate);
  const change = (i: number) => x[i] - x[i - channels];
  const learner = nmse(x, errors, (i) => errors[i]);
  const persistence = nmse(x, errors, change);
  const powerLine = nmse(x, errors, (i) => change(i) - c * change(i - channels) + change(i - 2 * channels));
  const cells = [learner, persistence, powerLine, learner / persistence].map((cell) => cell.toFixed(3).padStart(13));
  return `${name.padEnd(38)}${cells.join('')}`;
}

const filters = [notch(60, { rate, q: 30 }), butterworthHighPass(1, { rate })];
const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
console.log(`${recording.frames} frames of ${channels} channels at ${rate} Hz, sha256 ${sha256}\n`);
const columns = ['learner', 'persistence', 'power line', 'ratio']; // ratio = learner / persistence
console.log(`${'NMSE after'.padEnd(38)}${columns.map((column) => column.padStart(13)).join('')}`);
console.log(row('standardize, tau 1 s', standardize({ tau: 1 })));
console.log(row('notch 60 Hz Q 30, high-pass 1 Hz', iir(filters)));
