/**
 * Compares the default of the learner with other optimizers on synthetic signals whose best answer is known:
 * `npm run bench:learn [-- --seeds <n>] [--deep]`. Prints errors in dB relative to the variance of the target (lower is better),
 * and ERLE in dB for echoes (higher is better), as the mean over the seeds and the worst of them.
 */
import { parseArgs } from 'node:util';
import {
  adam,
  Learner,
  Network,
  nlms,
  type LayerSpec,
  type LearnerOptions,
  type Optimizer,
  sgd,
} from '../src/index.ts';
import { runCommand } from './command.ts';
import { echo, lorenz, mackeyGlass, plant, resonance, type Inputs, type Signal } from './learn-signals.ts';
import { leastSquaresErrors } from './least-squares.ts';
import { table } from './report.ts';

const usage = `npm run bench:learn -- [options]
  --seeds <n>  Number of seeds per signal (default: 3)
  --deep       Also train networks of six layers (takes minutes)`;

type Errors = ArrayLike<number>;
/** Returns the decibels of one seed for each column. */
type Contest = (seed: number, optimizer: Contestant) => number[];
type Contestant = 'default' | 'RLS, double precision' | (() => Optimizer);

const contestants: [string, Contestant][] = [
  ['default', 'default'],
  ['RLS, double precision', 'RLS, double precision'],
  ['NLMS 0.1', () => nlms({ learningRate: 0.1 })],
  ['NLMS 0.5', () => nlms({ learningRate: 0.5 })],
  ['Adam 0.001', () => adam({ learningRate: 0.001 })],
  ['Adam 0.003', () => adam({ learningRate: 0.003 })],
  ['SGD 0.001', () => sgd({ learningRate: 0.001 })],
];

/** Sends a signal to a learner in blocks of 50 frames, with each target `late` frames after its frame; negative = before it. */
function learn(
  layers: LayerSpec[],
  { x, channels, target }: Signal,
  { seed, late = -1, ...options }: LearnerOptions & { seed: number; late?: number },
  optimizer: Contestant,
): { errors: Float32Array; learner: Learner } {
  const inChannels = channels - (options.task === 'cancel' ? 1 : 0);
  const network = Network.create({ inChannels, layers }, { seed, zeroOutput: true });
  const learner = new Learner(network, {
    ...options,
    ...(typeof optimizer === 'function' && { optimizer: optimizer() }),
  });
  const frames = x.length / channels;
  const size = late >= 0 ? 1 : 50;
  const errors = new Float32Array(frames * network.outChannels).fill(NaN);
  const block = (data: Float32Array, width: number, start: number) => ({
    data: data.subarray(start * width, (start + size) * width),
    channels: width,
    start,
    rate: 250,
    time: 4 * start,
  });
  const external = options.task === 'target' && target !== undefined;
  for (let at = 0; at < frames; at += size) {
    if (external && at >= Math.max(0, late)) learner.teach(block(target, 1, at - Math.max(0, late)));
    const { error } = learner.push(block(x, channels, at));
    // errors of forecasts are those of the frame that was forecast
    const lead = options.horizon ?? (options.task === undefined ? 1 : 0);
    errors.set(
      error.data.subarray(0, Math.max(0, errors.length - (error.start + lead) * error.channels)),
      (error.start + lead) * error.channels,
    );
  }
  return { errors, learner };
}

/** Mean squared error in frames `from` to `to`, relative to the variance of the target, in dB. */
function decibels(errors: Errors, truth: Float32Array, outputs: number, from: number, to: number): number {
  let [missed, variance] = [0, 0];
  for (let o = 0; o < outputs; o++) {
    let mean = 0;
    for (let t = from; t < to; t++) mean += truth[t * outputs + o] / (to - from);
    for (let t = from; t < to; t++) {
      missed += Number.isFinite(errors[t * outputs + o]) ? errors[t * outputs + o] ** 2 : 0;
      variance += (truth[t * outputs + o] - mean) ** 2;
    }
  }
  return 10 * Math.log10(missed / variance);
}

const linear = (outChannels: number, kernelSize: number): LayerSpec[] => [{ type: 'conv1d', outChannels, kernelSize }];

/** A temporal convolutional network of six layers. */
const deep = (channels: number, type: 'tanh' | 'gelu'): LayerSpec[] => [
  { type: 'conv1d', outChannels: 16, kernelSize: 3 },
  { type },
  ...[2, 4, 8, 16, 32].map((dilation): LayerSpec => ({
    type: 'residual',
    layers: [{ type: 'conv1d', outChannels: 16, kernelSize: 3, dilation }, { type }],
  })),
  { type: 'linear', outChannels: channels },
];

function forecast(make: (seed: number) => Signal, taps: number, horizon: number): Contest {
  return (seed, optimizer) => {
    const signal = make(seed);
    const { x, channels } = signal;
    const errors =
      optimizer === 'RLS, double precision'
        ? leastSquaresErrors(signal, x, { taps, outputs: channels, lag: horizon, forgetting: 0.9998 })
        : learn(linear(channels, taps), signal, { seed, horizon }, optimizer).errors;
    const frames = x.length / channels;
    return [decibels(errors, x, channels, 4000, 5000), decibels(errors, x, channels, frames - 2000, frames)];
  };
}

function identify(inputs: Inputs, late?: number): Contest {
  return (seed, optimizer) => {
    const signal = plant(seed, 6000, inputs);
    const errors =
      optimizer === 'RLS, double precision'
        ? leastSquaresErrors(signal, signal.target!, { taps: 32 })
        : learn(linear(1, 32), signal, { seed, task: 'target', late }, optimizer).errors;
    return [decibels(errors, signal.target!, 1, 1500, 2000), decibels(errors, signal.target!, 1, 4000, 5000)];
  };
}

const cancelEcho: Contest = (seed, optimizer) => {
  const signal = echo(seed, 30_000);
  const { x, target, unexplained } = signal;
  let errors: Errors;
  if (optimizer === 'RLS, double precision') {
    const [microphone, loudspeaker] = [0, 1].map((c) => x.filter((_, i) => i % 2 === c));
    errors = leastSquaresErrors({ x: loudspeaker, channels: 1 }, microphone, { taps: 128, forgetting: 0.9995 });
  } else errors = learn(linear(1, 128), signal, { seed, task: 'cancel', reference: [1] }, optimizer).errors;
  return [
    [4000, 5000],
    [14_000, 15_000],
    [22_000, 24_000],
  ].map(([from, to]) => {
    let [residual, power] = [0, 0];
    for (let t = from; t < to; t++) {
      residual += (-errors[t] - unexplained![t]) ** 2;
      power += target![t] ** 2;
    }
    return 10 * Math.log10(power / residual);
  });
};

function deepForecast(make: (seed: number) => Signal, type: 'tanh' | 'gelu'): Contest {
  return (seed, optimizer) => {
    const signal = make(seed);
    const { x, channels } = signal;
    if (optimizer === 'RLS, double precision') return [NaN, NaN, NaN];
    const { errors, learner } = learn(deep(channels, type), signal, { seed }, optimizer);
    learner.close();
    const parts = Array.from({ length: 10 }, (_, part) =>
      decibels(errors, x, channels, Math.max(500, 3000 * part), 3000 * (part + 1)),
    );
    return [parts[0], Math.min(...parts), parts[9]];
  };
}

function run(title: string, columns: string[], contest: Contest, seeds: number, wanted = contestants): void {
  const rows = wanted.map(([name, optimizer]) => {
    const results = Array.from({ length: seeds }, (_, i) => contest(i + 1, optimizer));
    const cells = columns.map((_, c) => {
      const values = results.map((result) => result[c]);
      const worst = title.startsWith('Echo') ? Math.min(...values) : Math.max(...values);
      const mean = values.reduce((sum, value) => sum + value, 0) / seeds;
      return Number.isNaN(mean) ? '-' : `${mean.toFixed(1)} (${worst.toFixed(1)})`;
    });
    return [name, ...cells];
  });
  console.log(`\n${title}\n\n${table(['', ...columns], rows)}`);
}

await runCommand(
  usage,
  (args) => {
    const { values } = parseArgs({
      args: [...args],
      options: { seeds: { type: 'string', default: '3' }, deep: { type: 'boolean', default: false } },
    });
    const seeds = Number(values.seeds);
    if (!Number.isInteger(seeds) || seeds < 1)
      throw new RangeError(`--seeds must be an integer >= 1, got ${values.seeds}`);
    return { seeds, deep: values.deep };
  },
  ({ seeds, deep: withDeep }) => {
    console.log(`Mean over ${seeds} seeds (worst seed)`);
    for (const horizon of [1, 4, 8, 16])
      run(
        `Forecast of an AR(2) resonance in noise, horizon ${horizon}, 2 channels × 16 taps`,
        ['frames 4000-5000', '18,000-20,000'],
        forecast((seed) => resonance(seed, 20_000), 16, horizon),
        seeds,
      );
    run(
      'Forecast of Mackey-Glass with noise, horizon 6, 24 taps',
      ['frames 4000-5000', '28,000-30,000'],
      forecast((seed) => mackeyGlass(seed, 30_000, 0.1), 24, 6),
      seeds,
    );
    for (const inputs of ['white', 'AR 0.9', 'mixed channels', 'units 1 … 200 apart'] as const)
      run(`Hidden FIR, 8 channels × 32 taps: ${inputs}`, ['frames 1500-2000', '4000-5000'], identify(inputs), seeds);
    for (const late of [5, 50, 250])
      run(
        `Hidden FIR, white inputs, targets ${late} frames late: live`,
        ['frames 1500-2000', '4000-5000'],
        identify('white', late),
        seeds,
        contestants.filter(([, optimizer]) => optimizer !== 'RLS, double precision'),
      );
    run('Echo of 128 taps: ERLE', ['frames 4000-5000', '14,000-15,000', 'double talk'], cancelEcho, seeds);
    if (!withDeep) return Promise.resolve();
    const columns = ['first 3000 frames', 'best 3000', 'last 3000'];
    const trained = contestants.filter(([, optimizer]) => optimizer !== 'RLS, double precision');
    for (const type of ['tanh', 'gelu'] as const) {
      run(
        `Six layers, ${type}, Mackey-Glass without noise`,
        columns,
        deepForecast((seed) => mackeyGlass(seed, 30_000, 0), type),
        seeds,
        trained,
      );
      run(
        `Six layers, ${type}, Lorenz`,
        columns,
        deepForecast((seed) => lorenz(seed, 30_000), type),
        seeds,
        trained,
      );
    }
    return Promise.resolve();
  },
);
