/**
 * Creates the pictures in docs/learning.md, and prints their figures: `npx tsx docs/learning-pictures.ts`. Errors are in dB
 * relative to the variance of the target.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mackeyGlass, plant, type Signal } from '../bench/learn-signals.ts';
import { table } from '../bench/report.ts';
import { adam, autoStep, Learner, Network, nlms, type Optimizer, random, rls, sgd } from '../src/index.ts';
import { drawLineChart, type LineChart } from './line-chart.ts';

const maxBytes = 40_000;

function savePicture(name: string, chart: LineChart): void {
  const svg = drawLineChart(chart);
  if (svg.length > maxBytes) throw new RangeError(`${name} must be at most ${maxBytes} bytes, got ${svg.length}`);
  writeFileSync(join(import.meta.dirname, name), svg);
  console.log(`\n${name}: ${chart.title}`);
}

const decibels = (ratio: number) => 10 * Math.log10(ratio);
const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const variance = (x: ArrayLike<number>) => {
  const average = mean(Array.from(x));
  return mean(Array.from(x, (value) => (value - average) ** 2));
};

/** One convolution that starts at zero. */
function kernels(inChannels: number, outChannels: number, kernelSize: number): Network {
  const layers = [{ type: 'conv1d' as const, outChannels, kernelSize }];
  return Network.create({ inChannels, layers }, { zeroOutput: true });
}

/**
 * Pushes a signal frame by frame. The target of frame t arrives after frame t + `late`; without `late`, before frame t. Returns
 * the squared error of each prediction that was made when its frame arrived, [frames].
 */
function liveErrors(
  network: Network,
  { x, channels, target }: Signal & { target: Float32Array },
  optimizer: Optimizer,
  { late }: { late?: number } = {},
): Float64Array {
  const learner = new Learner(network, { task: 'target', optimizer });
  const frame = (data: Float32Array, width: number, start: number) => ({
    data: data.subarray(start * width, (start + 1) * width),
    channels: width,
    start,
    rate: 250,
    time: 4 * start,
  });
  const errors = new Float64Array(target.length);
  for (let t = 0; t < target.length; t++) {
    if (late === undefined) learner.teach(frame(target, 1, t));
    const { prediction } = learner.push(frame(x, channels, t));
    errors[t] = (prediction.data[0] - target[t]) ** 2;
    if (late !== undefined && t >= late) learner.teach(frame(target, 1, t - late));
  }
  learner.close();
  return errors;
}

/** Mean error in every `width` frames, in dB relative to `power`: [last frame, dB]. */
function curve(errors: ArrayLike<number>, power: number, width = 100): [number, number][] {
  return Array.from({ length: Math.floor(errors.length / width) }, (_, i): [number, number] => {
    const part = Array.from({ length: width }, (_, k) => errors[i * width + k]);
    return [(i + 1) * width, decibels(mean(part) / power)];
  });
}

const seeds = [1, 2, 3];
const averaged = (runs: readonly Float64Array[]) => runs[0].map((_, t) => mean(runs.map((run) => run[t])));
const levelAt = (points: readonly [number, number][], frame: number) =>
  points.find(([at]) => at === frame)![1].toFixed(1);

function drawOptimizers(): void {
  const optimizers: [string, () => Optimizer][] = [
    ['rls (default)', () => rls()],
    ['autoStep', () => autoStep()],
    ['nlms 0.5', () => nlms({ learningRate: 0.5 })],
    ['sgd 0.001', () => sgd({ learningRate: 0.001 })],
    ['adam 0.003', () => adam({ learningRate: 0.003 })],
  ];
  const lines = optimizers.map(([name, make]) => {
    const runs = seeds.map((seed) => {
      const { x, channels, target } = plant(seed, 5000, 'AR 0.9');
      return liveErrors(kernels(channels, 1, 32), { x, channels, target: target! }, make());
    });
    return { name, points: curve(averaged(runs), 1) };
  });
  savePicture('learning-optimizers.svg', {
    title: 'Error while learning a hidden filter, by optimizer',
    x: { title: 'frame', ticks: [0, 1000, 2000, 3000, 4000, 5000] },
    y: { title: 'error in dB', ticks: [-30, -20, -10, 0, 10] },
    lines,
  });
  const frames = [500, 1000, 2000, 5000];
  const rows = lines.map(({ name, points }) => [name, ...frames.map((frame) => levelAt(points, frame))]);
  console.log(table(['dB in the 100 frames up to', ...frames.map(String)], rows));
}

/** A hidden filter of 24 taps for an input with correlated samples; its output has noise at -20 dB. */
function drawKernel(): void {
  const taps = 24;
  const frames = 400;
  const hidden = Float64Array.from({ length: taps }, (_, k) => Math.exp(-k / 7) * Math.cos(k / 2));
  const chance = random(1);
  const x = new Float32Array(frames);
  for (let t = 0, state = 0; t < frames; t++) x[t] = state = 0.9 * state + Math.sqrt(0.19) * chance.normal();
  const output = x.map((_, t) => hidden.reduce((sum, weight, k) => sum + weight * (t >= k ? x[t - k] : 0), 0));
  const noise = Math.sqrt(variance(output) / 100);
  const target = output.map((value) => value + noise * chance.normal());
  const learned = (count: number, optimizer: Optimizer) => {
    const network = kernels(1, 1, taps);
    liveErrors(network, { x: x.subarray(0, count), channels: 1, target: target.subarray(0, count) }, optimizer);
    return Float64Array.from(network.weights()['layers.0.weight'].data);
  };
  const found: [string, Float64Array][] = [
    ['hidden filter', hidden],
    ['rls, 40 frames', learned(40, rls())],
    ['rls, 400 frames', learned(400, rls())],
    ['nlms 0.5, 400 frames', learned(400, nlms({ learningRate: 0.5 }))],
  ];
  savePicture('learning-kernel.svg', {
    title: 'The learned kernel approaches the hidden filter',
    x: { title: 'tap (0 = newest frame)', ticks: [0, 5, 10, 15, 20, 23] },
    y: { title: 'weight', ticks: [-1, -0.5, 0, 0.5, 1, 1.5] },
    lines: found.map(([name, kernel]) => ({
      name,
      points: Array.from(kernel, (weight, k): [number, number] => [k, weight]),
      dashed: kernel !== hidden,
    })),
  });
  const power = mean(Array.from(hidden, (weight) => weight ** 2));
  const rows = found.slice(1).map(([name, kernel]) => {
    const error = mean(Array.from(kernel, (weight, k) => (weight - hidden[k]) ** 2));
    return [name, decibels(error / power).toFixed(1)];
  });
  console.log(table(['', 'error of the weights in dB'], rows));
}

/** The hidden filter changes in the middle: two plants, one after the other. */
function drawLateTargets(): void {
  const half = 3000;
  const runs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((seed) => {
    const [before, after] = [plant(seed, half, 'white'), plant(seed + 100, half, 'white')];
    return {
      x: Float32Array.of(...before.x, ...after.x),
      channels: before.channels,
      target: Float32Array.of(...before.target!, ...after.target!),
    };
  });
  /** The live errors, and the weights at the end, of a learner of the first `frames` frames of every run. */
  const learn = (frames: number, late?: number) => {
    const results = runs.map(({ x, channels, target }) => {
      const network = kernels(channels, 1, 32);
      const signal = { x: x.subarray(0, frames * channels), channels, target: target.subarray(0, frames) };
      const errors = liveErrors(network, signal, nlms({ learningRate: 0.5 }), { late });
      return { errors, weights: String(network.weights()['layers.0.weight'].data) };
    });
    return {
      points: curve(averaged(results.map(({ errors }) => errors)), 1, 50),
      weights: results.map(({ weights }) => weights).join(' '),
    };
  };
  const nameOf = (late?: number) => (late === undefined ? 'target first' : `targets ${late} frames late`);
  const curves = [undefined, 5, 50, 250].map((late) => {
    const { points, weights } = learn(2 * half, late);
    return { late, points, isDelayed: weights === learn(2 * half - (late ?? 0)).weights };
  });
  savePicture('learning-late.svg', {
    title: 'Live error with late targets',
    x: { title: 'frame', ticks: [0, 1000, 2000, 3000, 4000, 5000, 6000] },
    y: { title: 'live error in dB', ticks: [-30, -20, -10, 0, 10] },
    lines: curves
      .filter(({ late }) => late === undefined || late === 250)
      .map(({ late, points }) => ({ name: nameOf(late), points, dashed: late !== undefined })),
    event: { at: half, label: 'the hidden filter changes' },
  });
  const rows = curves.map(({ late, points, isDelayed }) => {
    const framesTo = (level: number, from: number) =>
      String(points.find(([at, each]) => at > from + 300 && each < level)![0] - from);
    return [
      nameOf(late),
      levelAt(points, half),
      framesTo(-10, 0),
      framesTo(-10, half),
      levelAt(points, 2 * half),
      isDelayed ? 'yes' : 'no',
    ];
  });
  const head = [
    '',
    'dB at 3000',
    'frames to -10 dB',
    'after the change',
    'dB at 6000',
    'weights = target first, earlier',
  ];
  console.log(table(head, rows));
}

/** One-step forecasts of a smooth chaotic signal with 8 taps. Weights are set aside every 1000 frames. */
function drawHoldout(): void {
  const [frames, step, kernelSize] = [20_000, 1000, 8];
  const errorsOf = (optimizer: () => Optimizer) => {
    const live: number[] = [];
    const holdout: number[] = [];
    for (const seed of seeds) {
      const { x } = mackeyGlass(seed, frames + step, 0);
      const network = kernels(1, 1, kernelSize);
      const learner = new Learner(network, { optimizer: optimizer() });
      for (let at = 0; at < frames; at += step) {
        const { error } = learner.push({
          data: x.subarray(at, at + step),
          channels: 1,
          start: at,
          rate: 250,
          time: 4 * at,
        });
        if (at < 5000) continue;
        live.push(mean(Array.from(error.data, (each) => each ** 2)));
        const later = x.subarray(at + step, at + 2 * step);
        const forecasts = network.apply(later).subarray(kernelSize, -1);
        holdout.push(mean(Array.from(forecasts, (each, i) => (each - later[i + kernelSize + 1]) ** 2)));
      }
      learner.close();
    }
    return { live: decibels(mean(live)), holdout: decibels(mean(holdout)) };
  };
  const rates = [0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1, 1.4, 1.8];
  const results = rates.map((rate) => ({ rate, ...errorsOf(() => nlms({ learningRate: rate })) }));
  savePicture('learning-holdout.svg', {
    title: 'Live and holdout error of nlms, by its learning rate',
    x: { title: 'learning rate of nlms', ticks: [0.02, 0.05, 0.1, 0.2, 0.5, 1, 1.8], logarithmic: true },
    y: { title: 'error in dB', ticks: [-40, -30, -20, -10, 0] },
    lines: [
      { name: 'live: predict, then learn', points: results.map(({ rate, live }) => [rate, live]) },
      { name: 'holdout: weights set aside', points: results.map(({ rate, holdout }) => [rate, holdout]), dashed: true },
    ],
  });
  const rows = [
    ...results.map(({ rate, ...errors }) => ({ name: `nlms ${rate}`, ...errors })),
    { name: 'rls', ...errorsOf(() => rls()) },
  ].map(({ name, live, holdout }) => [name, live.toFixed(1), holdout.toFixed(1)]);
  console.log(table(['', 'live dB', 'holdout dB'], rows));
}

drawOptimizers();
drawKernel();
drawLateTargets();
drawHoldout();
