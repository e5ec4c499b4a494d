/**
 * Classifies which of three flickering lights a person looks at (SSVEP), from 2, 3, and 4 s of each trial. The network has
 * kernels at the lights' frequencies and their second harmonics, and learns spatial kernels trial by trial:
 *
 *     high-pass → whitener → spatial kernels (8 → 8, one tap, learned)
 *               → quadrature pairs as long as the window, per channel → square → sum → log
 *               → standardized over the last minute → softmax
 *
 * The recording is processed in one pass. Each trial is classified before it is used for training. The quadrature pairs are
 * Gabor kernels and are not trained.
 * The spatial kernels start as the identity and learn from the trials with a light. Their gradients are streamed back
 * through the other layers. The baseline is CCA (Z. Lin and others, "Frequency recognition based on canonical correlation
 * analysis for SSVEP-based BCIs", 2006).
 *
 *     npx tsx examples/14-ssvep.ts <file> [--sensitivity]
 *
 * The figures in docs/eeg.md are for this public file (CC0):
 *     github.com/sylvchev/dataset-ssvep-exoskeleton at commit faf331c, subject01, 2012.07.06 19:02:16
 */
import { from } from 'rxjs';
import { butterworthHighPass, gabor, Network, sgd, Whitener } from 'tapline';
import { fillGaps, iir, standardize } from 'tapline/operators';
import { readRecordingFile } from 'tapline/sources/node';

const [, , file, flag] = process.argv;
if (file === undefined) {
  console.error('Usage: npx tsx examples/14-ssvep.ts <file> [--sensitivity]');
  process.exit(2);
}
const lights = [13, 21, 17];
const rest = lights.length;
const kinds: Record<string, number> = { '0x8101': 0, '0x8102': 1, '0x8103': 2, '0x8100': rest };
const stride = 8; // frames between two outputs
const memory = 60; // time constant of the running statistics, in seconds
const settings = {
  delay: 0.5, // from the light to the window, in seconds
  harmonics: 2,
  highPass: 7, // Hz
  whiten: true,
  /** Bandwidth of the quadrature pairs in 1 / window: 1.2 is a rectangular window, 2 a Hann window. */
  width: 1.2,
  /** Learning rate of the spatial kernels; 0: no learning. */
  learningRate: 0.1,
};
type Settings = typeof settings;

const recording = await readRecordingFile(file);
const { rate, frames } = recording;
const channels = recording.channels.length;
const trials: { kind: number; start: number; end: number }[] = [];
let cued = rest;
for (const { label, at } of recording.marks ?? []) {
  cued = kinds[label] ?? cued;
  if (label === '0x800b') trials.push({ kind: cued, start: at, end: at });
  else if (label === '0x800c') trials[trials.length - 1].end = at;
}
const isLit = (trial: number) => trials[trial].kind !== rest;

/** The preprocessed stream, [frames, channels]. Each frame depends on earlier frames only. */
function preprocess({ highPass, whiten }: Settings): Float32Array {
  const whitener = new Whitener({ channels, frames: memory * rate });
  const x = new Float32Array(frames * channels);
  from(recording.blocks)
    .pipe(fillGaps(), standardize({ tau: memory }), iir(butterworthHighPass(highPass, { rate })))
    .subscribe(({ data, start, valid }) => x.set(whiten ? whitener.push(data, valid) : data, start * channels));
  return x;
}

function tensor(shape: number[], valueAt: (i: number) => number): { shape: number[]; data: Float32Array } {
  const length = shape.reduce((product, size) => product * size, 1);
  return { shape, data: Float32Array.from({ length }, (_, i) => valueAt(i)) };
}

function spatialKernels(): Network {
  const weights = { 'layers.0.weight': tensor([channels, 1, channels], (i) => (i % (channels + 1) === 0 ? 1 : 0)) };
  const layer = { type: 'conv1d', outChannels: channels, kernelSize: 1, bias: false } as const;
  return Network.create({ inChannels: channels, layers: [layer] }, { weights });
}

/** Classifies a window of `seconds`: the probability of each light and of rest, [kind]. */
function classifier(seconds: number, { harmonics, width }: Settings): Network {
  const taps = Math.round(seconds * rate);
  const tones = lights.flatMap((hz) => Array.from({ length: harmonics }, (_, h) => (h + 1) * hz));
  const pairs = tones.flatMap((hz) => {
    const { cos, sin } = gabor(hz, { rate, taps, bandwidthHz: width / seconds });
    const norm = Math.sqrt(cos.reduce((sum, tap) => sum + tap * tap, 0));
    return [cos.map((tap) => tap / norm), sin.map((tap) => tap / norm)];
  });
  const rows = channels * pairs.length;
  const pairAt = (row: number) => row % pairs.length;
  return Network.create(
    {
      inChannels: channels,
      layers: [
        { type: 'conv1d', outChannels: rows, kernelSize: taps, stride, groups: channels, bias: false },
        { type: 'square' },
        { type: 'conv1d', outChannels: tones.length, kernelSize: 1, bias: false },
        { type: 'log' },
        { type: 'norm', kind: 'running', tau: (memory * rate) / stride },
        { type: 'conv1d', outChannels: rest + 1, kernelSize: 1 },
        { type: 'softmax' },
      ],
    },
    {
      weights: {
        'layers.0.weight': tensor([rows, taps, 1], (i) => pairs[pairAt(Math.floor(i / taps))][i % taps]),
        'layers.2.weight': tensor([tones.length, 1, rows], (i) =>
          pairAt(i % rows) >> 1 === Math.floor(i / rows) ? 1 / (2 * channels) : 0,
        ),
        'layers.5.weight': tensor([rest + 1, 1, tones.length], (i) =>
          Math.floor((i % tones.length) / harmonics) === Math.floor(i / tones.length) ? 1 : 0,
        ),
        // predict rest, unless the tones of a light are together one standard deviation above their mean
        'layers.5.bias': tensor([rest + 1], (k) => (k === rest ? 1 : 0)),
      },
    },
  );
}

/** Classifies every trial from its first `seconds`, before training on it: [trial][kind]. */
function classify(x: Float32Array, seconds: number, chosen: Settings): Float32Array[] {
  const kernels = spatialKernels();
  const [spatial, temporal] = [kernels, classifier(seconds, chosen)].map((network) =>
    network.stream({ gradients: true, maxPending: frames }),
  );
  const optimizer = chosen.learningRate > 0 ? sgd({ learningRate: chosen.learningRate }) : null;
  let at = 0;
  /** Outputs without a gradient so far. */
  let pending: Float32Array[] = [];
  const push = (to: number) => {
    const mixed = spatial.push(x.subarray(at * channels, to * channels));
    const out = temporal.push(mixed, spatial.valid);
    for (let i = 0; i < out.length; i += rest + 1) pending.push(out.subarray(i, i + rest + 1));
    at = to;
  };
  return trials.map(({ kind, start, end }) => {
    push(start + Math.round((chosen.delay + seconds) * rate));
    const first = pending.length - 1;
    const answer = pending[first];
    push(end);
    // the gradient of the mean of -ln p over all outputs whose window is within the light
    const gradient = pending.map(
      (p, i) =>
        tensor([rest + 1], (k) => {
          return i >= first && k === kind && kind !== rest ? -1 / (Math.max(p[k], 1e-4) * (pending.length - first)) : 0;
        }).data,
    );
    spatial.backward(temporal.backward(gradient.flatMap((each) => [...each])));
    pending = [];
    optimizer?.step(kernels, spatial);
    return answer;
  });
}

const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, each, i) => sum + each * b[i], 0);
const unit = (a: Float64Array) => {
  const length = Math.sqrt(dot(a, a));
  return a.map((each) => each / length);
};

/** The columns without their means, orthonormal (Gram-Schmidt). */
function orthonormal(columns: Float64Array[]): Float64Array[] {
  const subtract = (a: Float64Array, factor: number, b: Float64Array) => a.map((each, i) => each - factor * b[i]);
  return columns.reduce<Float64Array[]>((done, column) => {
    const ones = unit(column.map(() => 1));
    return [...done, unit([ones, ...done].reduce((left, u) => subtract(left, dot(left, u), u), column))];
  }, []);
}

/** The largest correlation between linear combinations of channels and of waves: the largest singular value of M. */
function canonicalCorrelation(signal: Float64Array[], waves: Float64Array[]): number {
  const [xs, ys] = [orthonormal(signal), orthonormal(waves)];
  const m = ys.map((y) => Float64Array.from(xs, (x) => dot(x, y)));
  const times = (v: Float64Array) => Float64Array.from(m, (row) => dot(row, v));
  let v = unit(new Float64Array(channels).fill(1));
  for (let i = 0; i < 100; i++) {
    const u = times(v);
    v = unit(v.map((_, c) => m.reduce((sum, row, j) => sum + u[j] * row[c], 0)));
  }
  return Math.sqrt(dot(times(v), times(v)));
}

/** Classifies every trial with CCA: [trial][light]. */
function correlations(x: Float32Array, seconds: number, { delay, harmonics }: Settings): Float64Array[] {
  const length = Math.round(seconds * rate);
  const wave = (hz: number, phase: number) =>
    Float64Array.from({ length }, (_, t) => Math.sin((2 * Math.PI * hz * t) / rate + phase));
  const waves = lights.map((hz) =>
    Array.from({ length: 2 * harmonics }, (_, i) => wave(hz * (1 + (i >> 1)), (i % 2) * (Math.PI / 2))),
  );
  return trials.map(({ start }) => {
    const begin = start + Math.round(delay * rate);
    const samples = (c: number) => Float64Array.from({ length }, (_, t) => x[(begin + t) * channels + c]);
    const signal = Array.from({ length: channels }, (_, c) => samples(c));
    return Float64Array.from(waves, (each) => canonicalCorrelation(signal, each));
  });
}

const windows = [2, 3, 4];
const print = (name: string, ...cells: (string | number)[]) => {
  console.log(name.padEnd(32) + cells.map((cell) => String(cell).padStart(6)).join(''));
};
/** The number of correct trials, among the lights only, or among the lights and rest. */
const countCorrect = (answers: ArrayLike<number>[], among: 'lights' | 'all') =>
  answers.filter((answer, i) => {
    const scores = Array.from(answer).slice(0, among === 'all' ? rest + 1 : rest);
    return (among === 'all' || isLit(i)) && scores.indexOf(Math.max(...scores)) === trials[i].kind;
  }).length;
/** Mean surprise at the correct light, given that there is one; chance level: log2 3 = 1.58 bits. */
const surprise = (answers: Float32Array[]) => {
  const bits = answers.flatMap((p, i) => (isLit(i) ? [-Math.log2(p[trials[i].kind] / (p[0] + p[1] + p[2]))] : []));
  return (bits.reduce((sum, each) => sum + each, 0) / bits.length).toFixed(2);
};

function byCca(name: string, change: Partial<Settings>): void {
  const chosen = { ...settings, ...change };
  const x = preprocess({ ...chosen, whiten: false });
  print(name, ...windows.map((seconds) => countCorrect(correlations(x, seconds, chosen), 'lights')));
}

function byKernels(name: string, change: Partial<Settings>): void {
  const chosen = { ...settings, ...change };
  const x = preprocess(chosen);
  const answers = windows.map((seconds) => classify(x, seconds, chosen));
  const counts = (['lights', 'all'] as const).flatMap((among) => answers.map((each) => countCorrect(each, among)));
  print(name, ...counts, ...answers.map(surprise));
}

const lit = trials.filter((_, i) => isLit(i)).length;
const printHead = (text: string) => {
  console.log(
    `\n${text.padEnd(32)}${`correct of ${lit}`.padStart(18)}${`of ${trials.length}, with rest`.padStart(18)}${'bits'.padStart(18)}`,
  );
  print('', ...windows, ...windows, ...windows);
};
console.log(`${lit} trials with a light, ${trials.length - lit} without; ${channels} channels at ${rate} Hz`);
for (const delay of [0.5, 0.14]) {
  printHead(`window in s, from ${delay} s`);
  byCca('CCA', { delay });
  byKernels('quadrature pairs', { delay, learningRate: 0, whiten: false });
  byKernels('  + whitening', { delay, learningRate: 0 });
  byKernels('  + learned spatial kernels', { delay });
}
if (flag === '--sensitivity') {
  printHead('window in s, from 0.5 s, with');
  for (const harmonics of [1, 3]) byCca(`CCA, harmonics ${harmonics}`, { harmonics });
  for (const highPass of [1, 4]) byCca(`CCA, high-pass ${highPass} Hz`, { highPass });
  for (const harmonics of [1, 3]) byKernels(`harmonics ${harmonics}`, { harmonics });
  for (const highPass of [1, 4]) byKernels(`high-pass ${highPass} Hz`, { highPass });
  for (const width of [1.5, 2]) byKernels(`width ${width}`, { width });
  for (const learningRate of [0.03, 0.3]) byKernels(`learning rate ${learningRate}`, { learningRate });
}
