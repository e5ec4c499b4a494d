/**
 * How well a learner forecasts the next frame of a recording in one pass, beside two rivals that learn nothing:
 *
 *     persistence        x[t] = x[t-1]
 *     constant + mains   x[t] = x[t-1] + c (x[t-1] - x[t-2]) - (x[t-2] - x[t-3])        c = 2 cos(2π 60 / rate)
 *
 * NMSE = mean over channels of squared error / variance; the first 4 s are left out. The learner has one setting for both
 * rows, the package's own: a step that finds its own length, from zero weights; 16 taps, every channel from every channel.
 *
 *     npx tsx examples/09-forecast-skill.ts FILE
 *
 * The figures in docs/eeg.md are of this public file (MIT licence):
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
  console.error('FILE must be a recording: npx tsx examples/09-forecast-skill.ts FILE');
  process.exit(2);
}
const recording = await readRecordingFile(file);
const { rate } = recording;
const channels = recording.channels.length;
const total = recording.frames + recording.lost;
const spec: NetworkSpec = { inChannels: channels, layers: [{ type: 'conv1d', outChannels: channels, kernelSize: 16 }] };

/** The stream after `prepare`, and what the learner's forecast missed it by; [frames, channels], NaN where unscored. */
function forecast(prepare: OperatorFunction<Block, Block>): { x: Float32Array; missed: Float32Array } {
  const x = new Float32Array(total * channels);
  const missed = new Float32Array(total * channels).fill(NaN);
  const keep = tap((block: Block) => x.set(block.data, block.start * channels));
  from(recording.blocks)
    .pipe(fillGaps(), prepare, keep, learn(spec))
    .subscribe(({ error }) => missed.set(error.data, (error.start + 1) * channels));
  return { x, missed };
}

/** NMSE of an error, given for entry i of [frames, channels], over the frames that the learner scored. */
function nmse(x: Float32Array, missed: Float32Array, errorAt: (i: number) => number): number {
  let sum = 0;
  for (let c = 0; c < channels; c++) {
    let [count, mean, square, error] = [0, 0, 0, 0];
    for (let i = 4 * rate * channels + c; i < x.length; i += channels) {
      if (Number.isNaN(missed[i])) continue;
      count++;
      mean += x[i];
      square += x[i] ** 2;
      error += errorAt(i) ** 2;
    }
    sum += error / (square - mean ** 2 / count) / channels;
  }
  return sum;
}

function row(name: string, prepare: OperatorFunction<Block, Block>): string {
  const { x, missed } = forecast(prepare);
  const mains = 2 * Math.cos((2 * Math.PI * 60) / rate);
  const change = (i: number) => x[i] - x[i - channels];
  const learner = nmse(x, missed, (i) => missed[i]);
  const persistence = nmse(x, missed, change);
  const fixed = nmse(x, missed, (i) => change(i) - mains * change(i - channels) + change(i - 2 * channels));
  const cells = [learner, persistence, fixed, learner / persistence].map((cell) => cell.toFixed(3).padStart(13));
  return `${name.padEnd(38)}${cells.join('')}`;
}

const filters = [notch(60, { rate, q: 30 }), butterworthHighPass(1, { rate })];
const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
console.log(`${recording.frames} frames of ${channels} channels at ${rate} Hz, sha256 ${sha256}\n`);
console.log(`NMSE after${' '.repeat(34)}learner  persistence  const.+mains  learner/pers.`);
console.log(row('standardize, tau 1 s', standardize({ tau: 1 })));
console.log(row('notch 60 Hz Q 30, high-pass 1 Hz', iir(filters)));
